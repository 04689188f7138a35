"""Facts of Android as data: attributes of manifests, permissions, features; from toolchains/android.toml."""

import difflib
from collections.abc import Collection
from functools import cache

from builder import data
from builder.model import Model


class Attribute(Model):
    """An attribute `android:…`: its id and what it can hold."""

    id: int
    format: str = ""  # as the framework declares it, such as `string|integer`
    flags: dict[str, int] = {}  # any of these, joined by |
    choices: dict[str, int] = {}  # one of these


class Group(Model):
    """What one of Flet's groups of permissions asks for."""

    permissions: tuple[str, ...]
    features: tuple[str, ...]  # none of them is required
    lines: dict[str, tuple[str, ...]] = {}  # Flet line -> further permissions


class Facts(Model):
    """All of toolchains/android.toml."""

    api: int  # the level that the facts are of
    resources: dict[str, int]  # of the framework, as `type/name` -> id
    groups: dict[str, Group]
    elements: dict[str, tuple[str, ...]]  # element -> the attributes that an author can give it
    attributes: dict[str, Attribute]


@cache
def facts() -> Facts:
    """The facts that this builder ships."""
    return Facts.model_validate(data.table("android.toml"))


@cache
def platform_names(kind: str) -> frozenset[str]:
    """The names of Android's own `permissions` or `features`, in full."""
    prefix = {"permissions": "android.permission.", "features": "android."}[kind]
    return frozenset(f"{prefix}{name}" for name in data.table("android-names.toml")[kind])


def nearest(name: str, known: Collection[str]) -> str:
    """The known name that is most like another."""
    return difflib.get_close_matches(name[:200], sorted(known), n=1, cutoff=0.0)[0]
