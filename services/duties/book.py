"""The rows of policy in this process: checked when it starts, parsed once for each project."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from nameko.extensions import DependencyProvider

from services.duties.model import BadDuty, Terms, digest, parse
from services.duties.spec import SPEC
from steward.policy import Policies, PolicyError
from steward.settings import Settings
from steward.soundness import places

_PARSED = 64
"""Projects whose rows are kept parsed: they are looked at now and then, and a thousand of them need much room."""


class Book:
    """What holds in each project. ``unchecked``: projects whose plans this process has yet to hold against its rows."""

    def __init__(self, policies: Policies) -> None:
        self.policy = policies.of
        self.rows = lru_cache(maxsize=_PARSED)(self._rows)
        self.unchecked: set[str] | None = None

    def digest(self, project: str) -> str:
        """The same while the rows of ``project`` are the same."""
        return digest(self.rows(project))

    def _rows(self, project: str) -> Mapping[str, Terms]:
        return parse(self.policy(project))


def check(folder: Path | None) -> None:
    """Raises PolicyError, which says where and what is wrong, for a row that cannot be understood."""
    for where, _, policy in places(SPEC, folder):
        try:
            parse(policy)
        except BadDuty as error:
            raise PolicyError(f"{where}: {error}") from error


class Rows(DependencyProvider):  # type: ignore[misc]
    """``self.book``."""

    @cached_property
    def _book(self) -> Book:
        return Book(Policies(SPEC, Settings.from_env().policy))

    def get_dependency(self, worker: Any) -> Book:
        return self._book
