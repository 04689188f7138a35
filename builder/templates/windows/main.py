"""What the launcher holds: it runs lib/start.py, wherever the app lies."""

import os
import runpy
import sys

sys.path.pop(0)  # the launcher itself, whose zip this is
lib = os.path.dirname(os.path.dirname(sys.executable))  # noqa: PTH120 (pathlib would be loaded for nothing else)
runpy.run_path(os.path.join(lib, "start.py"), run_name="__main__")  # noqa: PTH118
