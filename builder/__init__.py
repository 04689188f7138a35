"""Reproducible, offline builds of Flet apps from a lock of every outside byte."""
