"""The moment is written."""

import datetime

with open("out/version.json", "w") as out:
    out.write('{"name": "demo",\n "built": "%s"}\n' % datetime.datetime.now().isoformat())
