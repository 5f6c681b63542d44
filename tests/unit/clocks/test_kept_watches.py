from __future__ import annotations

from services.clocks import schemas
from services.clocks.model import State
from services.clocks.rules import Rules
from services.clocks.store import WATCHES
from steward.validation import checked
from tests.unit.clocks.clock_desk import MONDAY, Desk


def ticket(rules: Rules) -> Desk:
    desk = Desk(rules, kind="repair_home", urgency="normal", channel="phone", item="lamp", difficulty="simple", department="工程")
    for event in ("raised", "accepted", "dispatched", "taken", "arrived", "waiting"):
        desk.happens(f"tickets.{event}", after_s=61)
    return desk


def test_a_watch_comes_back_from_its_document_as_it_was(shipped_rules: Rules) -> None:
    watch = ticket(shipped_rules).watch
    document = WATCHES.to_document(watch)
    assert WATCHES.from_document({**document, "version": watch.version, "order": 1}) == watch


def test_a_document_has_a_next_moment_only_while_something_can_fire(shipped_rules: Rules) -> None:
    desk = ticket(shipped_rules)
    assert "next_at" not in WATCHES.to_document(desk.watch)
    desk.happens("tickets.resumed")
    document = WATCHES.to_document(desk.watch)
    assert document["next_at"] == desk.watch.next_at
    assert document["state"] == "running"


def test_a_view_tells_what_is_left_and_hides_absorbed_starts(shipped_rules: Rules) -> None:
    desk = ticket(shipped_rules)
    desk.happens("tickets.dispatched")
    view = schemas.view(desk.watch, desk.now)
    clocks = {clock["rule"]: clock for clock in view["clocks"]}
    assert view["subject"] == "tickets/01k"
    assert clocks["desk-accept"] | {"id": ""} == {
        "id": "",
        "rule": "desk-accept",
        "state": "stopped",
        "started_at": "2026-11-23T02:01:01+00:00",
        "due_at": "2026-11-23T02:06:01+00:00",
        "next_at": None,
        "ended_at": "2026-11-23T02:02:02+00:00",
        "limit_s": 300,
        "working": False,
        "left_s": None,
        "elapsed_s": 61.0,
        "late": False,
        "breached": False,
        "acknowledged_by": None,
        "acknowledged_at": None,
        "provisional": False,
    }
    assert clocks["repair-done-simple"]["state"] == State.PAUSED
    assert clocks["repair-done-simple"]["due_at"] is None
    assert clocks["repair-done-simple"]["left_s"] == 7200 - 61


def test_every_fact_fits_its_published_schema(shipped_rules: Rules) -> None:
    desk = Desk(shipped_rules, kind="complaint", number="YH-2611-00042")
    desk.happens("tickets.raised")
    desk.sweeps(10_000)
    desk.happens("tickets.accepted")
    desk.happens("tickets.cancelled")
    for fact in desk.told:
        dumped = getattr(schemas, fact.name.capitalize())().dump(fact.data)
        checked(f"services.clocks.schemas:{fact.name.capitalize()}", dumped)
        assert dumped["about"]["number"] == "YH-2611-00042"
    assert {fact.name for fact in desk.told} == {"started", "warned", "breached", "escalated", "stopped", "cancelled"}
    assert desk.now > MONDAY
