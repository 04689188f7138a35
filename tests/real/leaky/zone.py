"""A fixed moment is written in local time."""

import time

with open("out/when", "w") as out:
    out.write(time.strftime("%Y-%m-%d %H:%M\n", time.localtime(1500000000)))
