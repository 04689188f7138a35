"""Work is dealt to as many parts as there are processors."""

import os

parts = len(os.sched_getaffinity(0)), os.cpu_count()
with open("out/parts", "w") as out:
    out.write(f"dealt to {parts}\n")
