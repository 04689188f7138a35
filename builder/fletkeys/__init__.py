"""Every key of `[tool.flet]` and every option of `flet build`, in one table.

Parsing, the command line's options, their help and the page docs/reference/flet-keys.md all come from KEYS.
"""

import difflib
from functools import cache

from builder.fletkeys import android, app, apple, command, look, web
from builder.fletkeys.key import PLATFORMS, Key

KEYS = (*app.KEYS, *look.KEYS, *web.KEYS, *android.KEYS, *apple.KEYS, *command.KEYS)
BY_NAME = {key.name: key for key in KEYS}

_FAMILIES = {"apk": "android", "aab": "android", "ipa": "ios"}


def platform_of(target: str) -> str:
    """The platform whose keys a target reads: `linux` for `linux-x86_64`, `android` for `apk`."""
    family = target.split("-", 1)[0]
    return _FAMILIES.get(family, family)


@cache
def written() -> dict[str, tuple[Key, str]]:
    """Each name that may stand below [tool.flet] -> its key, and that name without aliases."""
    found: dict[str, tuple[Key, str]] = {}
    for key in KEYS:
        for name in (key.name, *key.aliases) if key.table == "tool.flet" else ():
            if key.scope != "platform":
                found[name] = (key, key.name)
            if key.scope != "app":
                found |= {f"{platform}.{name}": (key, f"{platform}.{key.name}") for platform in key.platforms}
    return found


@cache
def folders() -> frozenset[str]:
    """Each name below [tool.flet] that is a table of keys."""
    parts = [name.split(".") for name in written()]
    return frozenset({*PLATFORMS, *(".".join(part[:end]) for part in parts for end in range(1, len(part)))})


def nearest(name: str) -> str:
    """The known name that is most like an unknown one."""
    return difflib.get_close_matches(name[:200], list(written()), n=1, cutoff=0.0)[0]
