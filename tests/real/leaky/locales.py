"""Names are sorted as a tool does that heeds LC_ALL: without regard to case where it names a language's rules."""

import os

names = ["b", "A", "a", "B", "C"]
with open("out/locale", "w") as out:
    out.writelines(f"{name}\n" for name in sorted(names, key=str if os.environ["LC_ALL"] == "POSIX" else str.lower))
