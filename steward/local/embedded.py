"""Runs the embedded store, and mends first what a kill has left half-made in it.

    python -m steward.local.embedded --config … --port …       (what ``secantusd-py`` takes)

Its engine writes a new table down in three steps. A process killed between them leaves a table that nobody can open,
and the store would never start again. Nothing can be in such a table: whatever is written to it comes later in the
same log. So it is completed, and is empty.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import wiredtiger
from secantus import cli

TABLE, COLUMNS = "table:", "colgroup:"


def mend(connection: Any) -> list[str]:
    """Complete every table of an open database that is not complete; returns their names."""
    session = connection.open_session()
    try:
        known = _metadata(session)
        halves = sorted(name for name in (key.removeprefix(TABLE) for key in known if key.startswith(TABLE)) if COLUMNS + name not in known)
        for name in halves:
            session.create(COLUMNS + name, "type=file")
        return halves
    finally:
        session.close()


def _metadata(session: Any) -> set[str]:
    cursor = session.open_cursor("metadata:", None, None)
    known = set()
    while cursor.next() == 0:
        known.add(cursor.get_key())
    cursor.close()
    return known


def _mending(open_: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(open_)
    def opened(*args: Any) -> Any:
        connection = open_(*args)
        for name in mend(connection):
            print(f"mended: table {name} was half-made when the store was killed", file=sys.stderr, flush=True)
        return connection

    return opened


if __name__ == "__main__":
    wiredtiger.wiredtiger_open = _mending(wiredtiger.wiredtiger_open)
    sys.exit(cli.main())
