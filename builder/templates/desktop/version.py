"""The version that Flet compares with its own."""

version = "{{ version }}"
