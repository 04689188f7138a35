"""Writes the page on Flet's keys to standard output."""

import sys

from builder.fletkeys.page import page

if __name__ == "__main__":
    sys.stdout.write(page())
