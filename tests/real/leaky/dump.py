"""All variables are written."""

import os

with open("out/environment", "w") as out:
    out.writelines(f"{name}={value}\n" for name, value in sorted(os.environ.items()))
