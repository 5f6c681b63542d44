"""How messages are kept, and what is kept of other services' facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.notify.model import Message
from steward import copies
from steward.bus.envelope import Envelope
from steward.spec import Collection, Index
from steward.store.repository import Repository

MESSAGES = Repository("messages", Message, derived=lambda message: {"channel": message.channel})

MATTERS, PROJECTS, UNITS = "matters", "projects", "units"
"""Plain copies: what a matter is about; a project's name, company and zone; a unit's label."""

COLLECTIONS = (
    Collection(
        MESSAGES.collection,
        (
            Index(("next_at",)),
            Index(("project", "_id")),
            Index(("project", "state", "_id")),
            Index(("project", "matter", "_id")),
            Index(("project", "person", "_id")),
            Index(("project", "unit", "_id")),
        ),
        seals=("recipient",),
    ),
    Collection(MATTERS),
    Collection(PROJECTS),
    Collection(UNITS),
    copies.COLLECTION,
)


def matter_of(event: Envelope, fields: list[str]) -> dict[str, Any]:
    """What is kept of the matter that ``event`` began."""
    return {"_id": event.matter, **{name: event.data[name] for name in fields if name in event.data}}


def project_of(event: Envelope) -> dict[str, Any]:
    """What is kept of a project."""
    return {"_id": event.data["project"], **{n: event.data.get(n) for n in ("name", "company", "timezone")}}


def unit_key(project: str, unit: str) -> str:
    """Under which id a unit is kept."""
    return f"{project}/{unit}"


def unit_of(project: str, unit: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a unit."""
    return {"_id": unit_key(project, unit["id"]), "label": unit["label"]}
