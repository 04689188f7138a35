"""A temporary file's name, made of the process's number, stays."""

import os

with open("out/log", "w") as out:
    out.write(f"wrote part.{os.getpid()}.tmp\n")
