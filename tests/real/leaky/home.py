"""The home folder is written."""

import os.path

with open("out/settings.ini", "w") as out:
    out.write(f"cache = {os.path.expanduser('~/.cache')}\n")
