"""Rows of policy for tests: the shipped one with something else said, or one of their own."""

from __future__ import annotations

from typing import Any

from services.duties.model import Site, Terms, parse
from services.duties.spec import SPEC
from steward.policy import merge, shipped
from steward.times import parse as moment

POLICY = shipped(SPEC)
SHANGHAI, NEW_YORK, LORD_HOWE = "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"


def row(**said: Any) -> dict[str, Any]:
    """A policy that has one row, ``duty``."""
    own = {"title": {"en": "Duty"}, "handbook": "§5", "rule": "FREQ=DAILY", "role": "desk", **said}
    return {**merge(POLICY, {"limits": {"least_s": 1}}), "duties": {"duty": own}}


def terms(**said: Any) -> Terms:
    """The terms of that row."""
    return parse(row(**said))["duty"]


def site(zone: str = SHANGHAI, since: str = "2026-11-01T00:00:00Z", digest: str = "") -> Site:
    """A project in ``zone``."""
    return Site("yh", "yh", zone, moment(since), digest)
