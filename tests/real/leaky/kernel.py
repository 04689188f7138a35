"""The kernel's version is written, as autoconf's `config.log` does."""

import platform

with open("out/config.h", "w") as out:
    out.write(f'#define BUILD_KERNEL "{platform.release()}"\n')
