"""What the company, or one of its projects, says over the API about clocks (时限规则): versioned, with a reason, over the files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any

from steward.facts import Decision, Fact
from steward.store.reading import Reading
from steward.store.repository import Repository

REFRESH_S = 2.0
"""How soon every process counts new clocks by what was said to another."""
Said = Mapping[str, Any]


@dataclass(frozen=True)
class Rulebook:
    """What holds in ``project``, or everywhere (``*``), beyond the files; ``says`` is JSON of the tables of a policy file."""

    id: str
    project: str
    says: str
    note: str
    by: str
    at: datetime
    version: int = 0

    @property
    def matter(self) -> str:
        """Every change of it is one history."""
        return f"clocks/rules-{self.id}"


RULEBOOKS = Repository("rulebooks", Rulebook)


def rewritten(book: Rulebook | None, project: str, says: Said, note: str, by: str, now: datetime) -> Decision[Rulebook]:
    """The next version, which says ``says`` and nothing else."""
    version = book.version if book else 0
    after = Rulebook(project, project, json.dumps(says, ensure_ascii=False, sort_keys=True), note, by, now, version)
    rows = sorted({*says.get("clocks", {}), *_said(book).get("clocks", {})})
    return Decision(after, (Fact("rules_changed", {"rows": rows, "says": dict(says), "by": by, "note": note}),))


class Rulebooks:
    """What was said, as this process knows it."""

    def __init__(self, read: Reading) -> None:
        self._read = read
        self._known: dict[str, tuple[float, int, Said]] = {}

    def said(self, project: str) -> tuple[int, Said]:
        """The version that holds in ``project`` (0: none), and what it says."""
        read_at, version, says = self._known.get(project, (0.0, 0, {}))
        if not read_at or monotonic() - read_at > REFRESH_S:
            document = self._read.plain(RULEBOOKS.collection, project)
            version, says = (document["version"], parsed(document["says"])) if document else (0, {})
            self._known[project] = (monotonic(), version, says)
        return version, says

    def forget(self) -> None:
        """What was said is asked for anew."""
        self._known.clear()


@lru_cache(maxsize=256)
def parsed(says: str) -> Said:
    """The tables in ``says``."""
    tables: Said = json.loads(says)
    return tables


def _said(book: Rulebook | None) -> Said:
    return parsed(book.says) if book else {}
