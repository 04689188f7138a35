"""The date of an input file is written, as rsync and make do."""

import os

with open("out/dates", "w") as out:
    for name in sorted(os.listdir("in/app")):
        out.write(f"{name} {os.stat(f'in/app/{name}').st_mtime_ns}\n")
