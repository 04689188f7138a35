"""A gzip header has the moment in it."""

import gzip

with gzip.open("out/data.gz", "wb") as out:
    out.write(b"data" * 100)
