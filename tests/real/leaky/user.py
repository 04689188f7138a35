"""A tar keeps the owner."""

import os
import tarfile

with tarfile.open("out/own.tar.gz", "w:gz") as archive:
    member = tarfile.TarInfo("empty")
    member.uid, member.gid = os.getuid(), os.getgid()
    archive.addfile(member)
data = bytearray(open("out/own.tar.gz", "rb").read())
data[4:8] = bytes(4)
open("out/own.tar.gz", "wb").write(data)
