"""A file that the step itself made is packed with its date."""

import zipfile

with open("made.txt", "w") as made:
    made.write("made\n")
with zipfile.ZipFile("out/packed.zip", "w") as archive:
    archive.write("made.txt")
