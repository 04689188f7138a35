"""A folder is taken as it is listed."""

import os

with open("out/list", "w") as out:
    out.write("".join(f"{name}\n" for name in os.listdir("in/app")))
