"""An identifier is drawn."""

import uuid

with open("out/manifest.xml", "w") as out:
    out.write(f"<package>\n <id>{uuid.uuid4()}</id>\n</package>\n")
