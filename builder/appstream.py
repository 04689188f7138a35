"""AppStream metainfo of a desktop app (AppStream 1.0, "Desktop Applications"), out of what the author wrote."""

import re
from collections.abc import Mapping
from typing import Any

from builder import templates
from builder.project import Project

SUMMARY = 35  # characters that Flathub wants it to have at most
_NAMELESS = "Your Company"  # Flet's default of `company`
# Type of a URL -> labels in [project.urls] that mean it, as the well-known ones of packaging do, in their plain form.
_URLS = {
    "bugtracker": ("bugtracker", "issues", "bugs", "issue", "tracker", "issuetracker", "bugreports"),
    "donation": ("funding", "sponsor", "donate", "donation"),
    "help": ("documentation", "docs", "help"),
    "homepage": ("homepage", "home"),
    "vcs-browser": ("source", "repository", "sourcecode", "github", "gitlab", "code"),
}


def values(project: Project, stated: Mapping[str, Any], identifier: str, released: str) -> dict[str, Any]:
    """What the metainfo says; "" or nothing where the author wrote nothing.

    `stated` is [project] of pyproject.toml, `released` the date (ISO 8601) of the version; "" where none is known.
    """
    name, description = project.setting("product", "linux"), project.setting("description", "linux")
    summary = " ".join(description.split()).rstrip(".")
    return {
        "id": identifier,
        "name": name,
        "summary": summary or name,
        "description": " ".join(description.split()) or name,
        "license": _license(stated),
        "developer": _developer(project, stated),
        "developer_id": identifier.rpartition(".")[0],
        "urls": _urls(stated),
        "version": project.setting("build_version", "linux"),
        "date": released,
    }


def render(said: Mapping[str, Any]) -> str:
    """The XML of what `values` gives."""
    return templates.render("flatpak/metainfo.xml", **said)


def wants(said: Mapping[str, Any]) -> list[str]:
    """What Flathub asks for beyond that, each as what to write where."""
    urls = dict(said["urls"])
    asked = {
        "`license` in [project]: an SPDX expression such as MIT": said["license"],
        "`description`: one line on what the app does": said["summary"] != said["name"],
        f"a `description` of at most {SUMMARY} characters": len(said["summary"]) <= SUMMARY,
        "`authors` in [project], or `company` in [tool.flet]": said["developer"],
        "`Homepage` in [project.urls]": "homepage" in urls,
        "a commit of the app in git, whose date is the release's": said["date"],
    }
    return [text for text, held in asked.items() if not held]


def _license(stated: Mapping[str, Any]) -> str:
    """The SPDX expression (PEP 639); a table names a file or holds a text, which says nothing to a program."""
    found = stated.get("license", "")
    return found if isinstance(found, str) else ""


def _developer(project: Project, stated: Mapping[str, Any]) -> str:
    company: str = project.setting("company", "linux")
    if company and company != _NAMELESS:
        return company
    authors = stated.get("authors", [])
    names = [author.get("name", "") for author in authors if isinstance(author, dict)]
    return str(next(filter(None, names), ""))


def _urls(stated: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The type and address of each URL that AppStream has a type for; the first of a type counts."""
    listed = stated.get("urls", {})
    plain = {re.sub(r"[\W_]", "", label).lower(): url for label, url in listed.items() if isinstance(url, str)}
    found = {kind: next((plain[label] for label in labels if label in plain), "") for kind, labels in _URLS.items()}
    return [(kind, url) for kind, url in found.items() if url.startswith(("https://", "http://"))]
