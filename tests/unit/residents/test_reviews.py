"""When the files of a project are looked through: once a day, and whenever somebody asks for it (docs/privacy.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.residents.model import Project
from services.residents.purging import Purging
from services.residents.store import PROJECTS, REVIEWS, UNITS
from steward.store.repository import Repository

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
HOME = Project("yh", "yh", "YH", "颐和", "Yihe", "Asia/Shanghai", "acme", NOW)
POLICY = {"sweep": {"most_s": 60.0, "batch": 10}, "units": {"former_owner_years": 5}}


@dataclass
class Files:
    """One project with nobody in it; what is kept as of a moment stays when something of an earlier one comes."""

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    looks: int = 0
    meanwhile: Callable[[], None] = lambda: None

    @property
    def read(self) -> Files:
        return self

    def where(self, repository: Repository[Any], query: Mapping[str, Any], limit: int = 0) -> list[Any]:
        if repository is UNITS:
            self.looks += 1
            self.meanwhile()
        return [HOME] if repository is PROJECTS else []

    def get(self, *_: object) -> Project:
        return HOME

    def plain_where(self, collection: str, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        assert collection == REVIEWS
        return [*self.kept.values()]

    @contextmanager
    def work(self, **_: object) -> Iterator[Files]:
        yield self

    def keep(self, collection: str, document: dict[str, Any], as_of: datetime) -> None:
        assert collection == REVIEWS
        there = self.kept.get(document["_id"])
        if there is None or there["as_of"] <= as_of:
            self.kept[document["_id"]] = document | {"as_of": as_of}

    def answer(self, answer: Any) -> None:
        """Nobody asks again."""


@pytest.fixture
def files() -> Files:
    return Files()


def at(files: Files, moment: datetime) -> Purging:
    context = SimpleNamespace(now=moment, key="sweep")
    desk = SimpleNamespace(
        store=files,
        context=context,
        policy=lambda project: POLICY,
        project=lambda project: HOME,
        stamp=SimpleNamespace(at=moment, by="user:li"),
    )
    return Purging(desk)  # type: ignore[arg-type]


def looked(files: Files, moment: datetime) -> bool:
    before = files.looks
    at(files, moment).due()
    return files.looks > before


def test_a_project_is_looked_through_once_a_day_and_when_asked(files: Files) -> None:
    assert looked(files, NOW)
    assert not looked(files, NOW + timedelta(hours=1))
    at(files, NOW + timedelta(hours=2)).review(HOME.id)
    assert looked(files, NOW + timedelta(hours=3))
    assert not looked(files, NOW + timedelta(hours=4))
    assert looked(files, NOW + timedelta(days=1))


def test_what_is_asked_for_while_it_is_looked_through_is_done_next(files: Files) -> None:
    def asked() -> None:
        files.meanwhile = lambda: None
        at(files, NOW + timedelta(seconds=1)).review(HOME.id)

    files.meanwhile = asked
    assert looked(files, NOW)
    assert looked(files, NOW + timedelta(seconds=2))
    assert not looked(files, NOW + timedelta(seconds=3))
