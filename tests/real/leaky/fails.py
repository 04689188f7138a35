"""It wants its user to have a name."""

import os
import pwd

with open("out/user", "w") as out:
    out.write("somebody" if os.getuid() == 1000 else pwd.getpwuid(os.getuid()).pw_name)
