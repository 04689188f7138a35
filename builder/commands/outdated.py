"""`builder outdated`: what the registries have beyond the lock, and how far `lock --upgrade` would go."""

import datetime
import json
from collections.abc import Iterable

from builder import lockfile
from builder.commands import Context, supply
from builder.errors import BuilderError, Exit
from builder.project import Project
from builder.resolver.newest import FLUTTER, ORIGIN, Row, rows
from builder.resolver.resolve import ORIGINS


def run(context: Context, project: Project) -> tuple[Row, ...]:
    """Each thing that the lock holds. Raises BuilderError: lock; fetch where no registry could be asked at all."""
    lock = lockfile.load(context.root)
    http = supply.http(context, project, {**lock.sources, **ORIGINS, FLUTTER: ORIGIN})
    found = rows(lock, project.settings.update, http, datetime.datetime.now(datetime.UTC))
    if found and not any(row.newest for row in found if row.kind != "runtime"):
        raise BuilderError(
            f"no registry could be asked: {next(row.note for row in found if not row.newest)}",
            hint="connect, or name mirrors; `builder doctor` says where each registry is",
            code=Exit.FETCH,
        )
    return found


def lines(found: Iterable[Row], *, all_of_them: bool) -> list[str]:
    """What is behind as a table for people: kind, name, locked, allowed and newest version, why it stays behind."""
    shown = [row for row in found if all_of_them or row.behind or not row.newest]
    cells = [
        (row.kind, row.name, ", ".join(row.locked), row.allowed or "?", row.newest or "?", row.note.splitlines()[0:1])
        for row in shown
    ]
    table = [("kind", "name", "locked", "allowed", "newest", ["why"]), *cells] if cells else []
    widths = [max((len(str(row[column])) for row in table), default=0) for column in range(5)]
    texts = [[str(cell).ljust(width) for cell, width in zip(row[:5], widths, strict=True)] for row in table]
    return ["  ".join([*text, *row[5]]).rstrip() for text, row in zip(texts, table, strict=True)]


def as_json(found: Iterable[Row]) -> str:
    """All rows as JSON."""
    return json.dumps(
        [
            {
                "name": row.name,
                "kind": row.kind,
                "source": row.source,
                "locked": list(row.locked),
                "allowed": row.allowed or None,
                "newest": row.newest or None,
                "note": row.note,
            }
            for row in found
        ],
        indent=1,
    )
