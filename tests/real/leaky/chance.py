"""Bytes are drawn."""

import os
import random

with open("out/salt", "wb") as out:
    out.write(os.urandom(32) + random.randbytes(4))
