"""Byte code holds the path that it was compiled from."""

import os
import py_compile

with open("module.py", "w") as module:
    module.write("def shown():\n    return 1\n")
os.utime("module.py", (0, 0))
py_compile.compile(os.path.abspath("module.py"), "out/module.pyc")
