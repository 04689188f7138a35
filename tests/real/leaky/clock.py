"""The moment is written."""

import datetime

with open("out/version.json", "w") as out:
    out.write(f'{{"name": "demo",\n "built": "{datetime.datetime.now().isoformat()}"}}\n')
