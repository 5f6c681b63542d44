"""Keeps examples of events for those in tests/contract/events that are missing, as a plug-in of pytest:

    .venv/bin/python -m pytest -p tests.contract.keeping tests/integration     # as a system published them
    .venv/bin/python -m pytest -p tests.contract.keeping tests/unit            # quicker: as models state them

Whatever a system has published stands in the journals of its services; they are read before it is stopped. What no system
published is made of the facts that models stated, through the same schema. What is kept already is never changed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

from steward.bus.envelope import Envelope
from steward.facts import Fact
from steward.ids import new_id
from steward.plugins import installed_services
from steward.spec import ServiceSpec
from steward.store.client import connect, database
from steward.store.journal import JOURNAL
from steward.testing.evolution import keep
from steward.testing.system import System
from steward.times import now
from steward.validation import schema

FOLDER = Path(__file__).with_name("events")
OURS = "services."
MANY = 300
"""Facts of one name that are looked at."""

_stated: dict[tuple[str, str], list[dict[str, Any]]] = {}


def shipped() -> dict[str, ServiceSpec]:
    """The specs of the services that come with Steward."""
    return {name: spec for name, spec in installed_services().items() if spec.service.startswith(OURS)}


def pytest_configure(config: pytest.Config) -> None:
    _read_journals_before_systems_stop()
    _note_facts()


def pytest_sessionfinish(session: pytest.Session) -> None:
    for name in keep(FOLDER, shipped().values(), _made_of_facts()):
        print(f"kept {name}, as its model stated it")


def _read_journals_before_systems_stop() -> None:
    stop = System.stop

    def keeping(system: System) -> None:
        if system._supervisor is not None:
            for name in keep(FOLDER, shipped().values(), _published(system)):
                print(f"kept {name}, as it was published")
        stop(system)

    System.stop = keeping  # type: ignore[assignment,method-assign]


def _published(system: System) -> Iterator[dict[str, Any]]:
    client = connect(system.settings.mongo_uri)
    for name in shipped():
        for entry in database(client, name)[JOURNAL.name].find():
            yield from entry["events"]
    client.close()


def _note_facts() -> None:
    make = Fact.__init__

    def noting(fact: Fact, *args: Any, **kwargs: Any) -> None:
        make(fact, *args, **kwargs)
        frame = sys._getframe(1)
        while frame.f_back and not frame.f_globals.get("__name__", "").startswith(OURS):
            frame = frame.f_back
        known = _stated.setdefault((frame.f_globals["__name__"].removeprefix(OURS).partition(".")[0], fact.name), [])
        if len(known) < MANY:
            known.append(dict(fact.data))

    Fact.__init__ = noting  # type: ignore[assignment,method-assign]


def _made_of_facts() -> Iterator[dict[str, Any]]:
    specs = shipped()
    for (service, name), stated in _stated.items():
        if service not in specs or name not in {event.name for event in specs[service].publishes}:
            continue
        declared = specs[service].event(name)
        contract = schema(declared.schema)
        for data in stated:
            try:
                dumped = contract.dump(data)
                contract.load(dumped)
            except (ValidationError, ValueError, AttributeError):  # stated by a test of what must be refused
                continue
            yield _told(f"{service}.{name}", dumped, declared.version)


def _told(type: str, data: dict[str, Any], version: int) -> dict[str, Any]:
    service, about = type.partition(".")[0], new_id()
    return Envelope(
        id=new_id(),
        type=type,
        subject=f"{service}/{about}",
        time=now(),
        data=data,
        project="examples",
        matter=f"{service}/{about}",
        version=1,
        actor=f"service:{service}",
        correlation=new_id(),
        schema_version=version,
    ).to_wire()
