"""The search for people at the end of a run: that it knows whom to look for, reads what it says it reads, and finds who is put there.

What it finds fails the run, in the fixture of the shared system.
"""

from __future__ import annotations

import pytest

from steward.testing.privacy import definitions, found, logs, metrics, personal, records
from tests.contract.isolation.conftest import World


@pytest.fixture(scope="module")
def people(world: World) -> dict[str, str]:
    return personal(world.system)


def test_it_looks_for_everybody_who_was_made_up(world: World, people: dict[str, str]) -> None:
    for place in (world.own, *world.others):
        assert people[place.said["q"]].startswith(("residents.people", "tickets.tickets"))
        assert any(place.said["phone"] in known for known in people)
    assert people["李娜"] == "identity.users"


def test_it_reads_every_log_every_metric_and_the_definitions(world: World) -> None:
    processes = {row.label for row in world.system.roster().rows}
    assert {f"log {name}.log" for name in (*processes, "supervisor")} >= {where for where, _ in logs(world.system)}
    assert {where for where, _ in metrics(world.system)} >= {f"metrics of {name}-0" for name in ("gateway", "residents", "tickets")}
    assert "tickets.on_units" in definitions(world.system)


def test_it_reads_what_journals_and_dead_letters_hold(world: World) -> None:
    texts = dict(records(world.system, world.own.name))
    assert any(where.startswith("tickets.journal") and world.own.one("tickets", "ticket") in text for where, text in texts.items())
    assert any(where.startswith("parcels.dead_letters") and "'shelf'" in text.replace('"', "'") for where, text in texts.items())


def test_it_finds_who_is_put_there(world: World, people: dict[str, str]) -> None:
    place = world.own
    planted = [
        ("a log", f'{{"event": "sent to {place.said["phone"]}"}}'),
        ("a journal", f"{{'data': {{'caller': '{place.said['q']}'}}}}"),
        ("a letter", f'{{"caller": "{place.said["q"]}"}}'),
        ("nothing", "somebody called"),
    ]
    assert {one.rpartition(" in ")[2] for one in found(people, planted)} == {"a log", "a journal", "a letter"}
    assert not found(people, records(world.system, place.name))
