"""A number is written in the way of the locale, and names are sorted in its order."""

import locale

with open("out/locale", "w") as out:
    out.write(f"{locale.setlocale(locale.LC_ALL, '')}\n{locale.getencoding()}\n")
