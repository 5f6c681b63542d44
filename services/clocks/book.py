"""Where rows of policy come from: our own, those that other services bring, and what the company decides.

A service brings clocks for its events as ``[clocks.ID]`` tables in the ``policy.toml`` beside its spec, exactly as
ours stand in ours. They are read without loading the service.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

from services.clocks import calendars
from services.clocks.rules import BadRule, Rules, parse
from services.clocks.working import Calendar
from steward import settings
from steward.policy import Policies, merge

POLICY = "policy.toml"


@cache
def shipped() -> dict[str, Any]:
    """Our policy with the rows that installed services bring. Raises BadRule when two claim one id."""
    policy = _read(__package__) or {}
    for package in _packages():
        rows = (_read(package) or {}).get("clocks", {})
        if taken := sorted(set(rows) & set(policy["clocks"])):
            raise BadRule(f"clocks.{taken[0]}: {package} brings a row that exists already")
        policy = merge(policy, {"clocks": rows})
    return policy


def heard_events() -> tuple[str, ...]:
    """Every event that a row names, in any project of this installation. Raises BadRule for a row that is wrong."""
    return tuple(sorted(frozenset().union(*(parse(policy).heard for policy in _everywhere()))))


def zone_event() -> tuple[str, str]:
    """The event that tells a project's own time zone, and the field of its data that does."""
    told = shipped()["calendar"]["project_zone"]
    return told["event"], told["field"]


class Book:
    """What holds in each project, parsed once."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self.policy = lru_cache(maxsize=4096)(self._policy)
        self.rules = lru_cache(maxsize=4096)(self._rules)
        self.calendar = lru_cache(maxsize=4096)(self._calendar)

    def _policy(self, project: str) -> dict[str, Any]:
        return merge(shipped(), self._policies.of(project))

    def _rules(self, project: str) -> Rules:
        return parse(self.policy(project))

    def _calendar(self, project: str, zone: str | None) -> Calendar:
        return calendars.from_policy(self.policy(project)["calendar"], zone)


def _everywhere() -> Iterator[Mapping[str, Any]]:
    folder: Path | None = settings.read("policy")
    path = folder / "clocks.toml" if folder else None
    company = tomllib.loads(path.read_text(encoding="utf-8")) if path and path.is_file() else {}
    projects = company.pop("project", {})
    base = merge(shipped(), company)
    yield base
    for over in projects.values():
        yield merge(base, over)


def _packages() -> Iterator[str]:
    for point in sorted(entry_points(group="steward.services"), key=lambda point: point.name):
        package = point.module.rpartition(".")[0]
        if package and package != __package__:
            yield package


def _read(package: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(files(package).joinpath(POLICY).read_text(encoding="utf-8"))
    except (ModuleNotFoundError, FileNotFoundError):
        return None
