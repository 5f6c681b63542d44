"""Telling somebody what is held of them 个人信息查阅复制 (PIPL art. 45), as rules.

collecting ──part of the last service──▶ ready ──its days are over──▶ ended
     └────────── its days are over: what came till then was all ──────────▲
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.residents.model.ties import Stamp
from steward.facts import Decision, Fact


class AccessState(StrEnum):
    COLLECTING = "collecting"
    READY = "ready"
    ENDED = "ended"


@dataclass(frozen=True)
class Part:
    """What one service holds of the person: packed and sealed."""

    service: str
    content: bytes


@dataclass(frozen=True)
class AccessRequest:
    """Somebody asked for a copy of all that is held of ``person``. Of whom, by whom and why stays on record; the copy does not.

    ``asked_of`` are the services that are to answer; ``until`` is when the copy goes.
    """

    id: str
    project: str
    person: str
    reason: str
    asked: Stamp
    asked_of: tuple[str, ...]
    until: datetime
    parts: tuple[Part, ...] = ()
    state: AccessState = AccessState.COLLECTING
    version: int = 0

    @property
    def matter(self) -> str:
        """It belongs to what became of the person."""
        return f"residents/{self.person}"

    @property
    def missing(self) -> tuple[str, ...]:
        """Services that have not answered; once the copy is gone, nobody is missing."""
        answered = {part.service for part in self.parts}
        return () if self.state is AccessState.ENDED else tuple(one for one in self.asked_of if one not in answered)


def ask(request: AccessRequest) -> Decision[AccessRequest]:
    """Begin to collect."""
    return Decision(request, (Fact("access_requested", _told(request)),))


def add(request: AccessRequest, part: Part) -> Decision[AccessRequest]:
    """A service has answered; with the last one the copy is ready. Told twice, or too late, it is no news."""
    if part.service not in request.missing:
        return Decision(request)
    fuller = replace(request, parts=(*request.parts, part))
    if fuller.missing:
        return Decision(fuller)
    return Decision(replace(fuller, state=AccessState.READY), (Fact("access_ready", _told(request)),))


def end(request: AccessRequest) -> Decision[AccessRequest]:
    """Its days are over: the copy goes."""
    return Decision(replace(request, state=AccessState.ENDED, parts=()), (Fact("access_ended", _told(request)),))


def file_gone(request: AccessRequest) -> Decision[AccessRequest]:
    """The file is no more: the copy goes with it, and so does why it was asked for."""
    ended = Decision(request) if request.state is AccessState.ENDED else end(request)
    return Decision(replace(ended.state, reason=""), ended.facts)


def until(now: datetime, days: int) -> datetime:
    """How long a copy that is asked for ``now`` can be had."""
    return now + timedelta(days=days)


def in_order(request: AccessRequest) -> Sequence[Part]:
    """The parts in the order in which services were asked, whoever answered first."""
    place = {service: number for number, service in enumerate(request.asked_of)}
    return sorted(request.parts, key=lambda part: place[part.service])


def _told(request: AccessRequest) -> dict[str, str]:
    return {"request": request.id, "person": request.person}
