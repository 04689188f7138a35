"""A member of a zip has the moment as its date."""

import time
import zipfile

with zipfile.ZipFile("out/dated.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr(zipfile.ZipInfo("folder/member.txt", time.gmtime()[:6]), "the same\n")
