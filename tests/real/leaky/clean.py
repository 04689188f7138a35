"""Nothing leaks: names are sorted, dates, modes and owners fixed."""

import os
import sys
import zipfile

names = sorted(os.listdir("in/app"), key=os.fsencode)
with zipfile.ZipFile("out/clean.zip", "w") as archive:
    for name in names:
        if os.path.isfile(f"in/app/{name}"):
            with open(f"in/app/{name}", "rb") as file:
                archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), file.read())
with open("out/words", "w") as out:
    out.write(" ".join(sys.argv[1:]) + "\n")
