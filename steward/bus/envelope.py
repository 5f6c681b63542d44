"""The envelope of an event on the wire: CloudEvents 1.0, structured JSON, with our extension attributes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from steward.times import iso, parse

CONTENT_TYPE = "application/json"
"""What nameko's own event handlers accept; the body is a CloudEvents document all the same."""


class Malformed(ValueError):
    """The message is not an event of ours: no retry can ever help."""


@dataclass(frozen=True)
class Envelope:
    """One event. ``subject`` is ``service/id`` of the aggregate, ``version`` that aggregate's version after it.

    ``matter`` (事项) is the subject that started the whole chain: a ticket and all that it caused share one matter.
    ``correlation`` follows one request through all services; ``causation`` is the id of the event that caused this.
    """

    id: str
    type: str
    subject: str
    time: datetime
    data: dict[str, Any]
    project: str
    matter: str
    version: int
    actor: str
    correlation: str
    causation: str | None = None
    schema_version: int = 1

    @property
    def service(self) -> str:
        """The publishing service."""
        return self.type.partition(".")[0]

    @property
    def name(self) -> str:
        """The event's name within its service."""
        return self.type.partition(".")[2]

    @property
    def aggregate(self) -> str:
        """The id of the aggregate, without its service."""
        return self.subject.partition("/")[2]

    def to_wire(self) -> dict[str, Any]:
        """The CloudEvents document."""
        document = {
            "specversion": "1.0",
            "id": self.id,
            "source": f"/steward/{self.service}",
            "type": self.type,
            "subject": self.subject,
            "time": iso(self.time),
            "datacontenttype": "application/json",
            "dataschema": f"urn:steward:event:{self.type}:{self.schema_version}",
            "data": self.data,
            "project": self.project,
            "matter": self.matter,
            "aggregateversion": self.version,
            "actor": self.actor,
            "correlationid": self.correlation,
        }
        if self.causation:
            document["causationid"] = self.causation
        return document

    def encode(self) -> bytes:
        """The bytes of the message body."""
        return json.dumps(self.to_wire(), ensure_ascii=False, separators=(",", ":")).encode()


def decode(body: bytes | str) -> Envelope:
    """The event in a message body. Raises :class:`Malformed`, saying what is wrong."""
    try:
        document = json.loads(body)
    except (ValueError, UnicodeDecodeError) as error:
        raise Malformed(f"not JSON: {error}") from error
    return from_wire(document)


def from_wire(document: Any) -> Envelope:
    """The event in a CloudEvents document. Raises :class:`Malformed`, saying what is wrong."""
    if not isinstance(document, dict) or document.get("specversion") != "1.0":
        raise Malformed("not a CloudEvents 1.0 document")
    if not isinstance(document.get("data"), dict):
        raise Malformed("data is not an object")
    try:
        return Envelope(
            id=_text(document, "id"),
            type=_text(document, "type"),
            subject=_text(document, "subject"),
            time=parse(_text(document, "time")),
            data=document["data"],
            project=_text(document, "project"),
            matter=_text(document, "matter"),
            version=int(document["aggregateversion"]),
            actor=_text(document, "actor"),
            correlation=_text(document, "correlationid"),
            causation=document.get("causationid"),
            schema_version=int(_text(document, "dataschema").rpartition(":")[2]),
        )
    except KeyError as error:
        raise Malformed(f"{error.args[0]} is missing") from error
    except (TypeError, ValueError) as error:
        raise Malformed(str(error)) from error


def _text(document: dict[str, Any], name: str) -> str:
    value = document[name]
    if not isinstance(value, str) or not value:
        raise Malformed(f"{name} is not a text")
    return value
