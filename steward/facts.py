"""What a model answers: the new state, and the facts that came true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

State = TypeVar("State")


@dataclass(frozen=True)
class Fact:
    """One domain event, before it has an envelope: ``Fact("raised", {...})``.

    ``data`` follows the schema that the service's spec declares for ``name``.
    """

    name: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision(Generic[State]):
    """The outcome of a command: what the aggregate is now, and what became true."""

    state: State
    facts: tuple[Fact, ...] = ()
