from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.clocks import book
from services.clocks.refusals import BadRule
from services.clocks.rows import parse
from services.clocks.rules import Rules
from services.clocks.spec import SPEC
from steward.policy import Policies
from tests.unit.clocks.clock_desk import CALENDARS, Desk

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WORKING_DAY = CALENDARS.current.day_length
REPAIR = {"kind": "repair_home", "urgency": "normal", "channel": "phone", "item": "other", "difficulty": None}


def started(rules: Rules, event: str, data: Mapping[str, Any]) -> dict[str, timedelta | None]:
    return {row.id: row.limit.length(WORKING_DAY) for row in rules.starting(event, data)}


@pytest.mark.parametrize(
    ("event", "data", "expected"),
    [
        ("raised", {"kind": "enquiry"}, {"desk-accept": 5 * MINUTE}),
        ("raised", {"kind": "complaint"}, {"desk-accept": 5 * MINUTE, "complaint-dispatched": HOUR, "complaint-unsolved": None}),
        ("raised", {}, {"desk-accept": 5 * MINUTE, "arrival-other": 30 * MINUTE}),
        ("raised", {"item": None}, {"desk-accept": 5 * MINUTE, "arrival-other": 30 * MINUTE}),
        ("raised", {"item": "water"}, {"desk-accept": 5 * MINUTE, "arrival-urgent": 15 * MINUTE}),
        ("raised", {"urgency": "urgent"}, {"desk-accept": 5 * MINUTE, "arrival-urgent": 15 * MINUTE}),
        ("raised", {"urgency": "emergency", "item": "water"}, {"desk-accept": 5 * MINUTE, "arrival-emergency": 5 * MINUTE}),
        (
            "raised",
            {"kind": "fault_notice", "channel": "patrol"},
            {"desk-accept": 5 * MINUTE, "patrol-finding-fixed": 7 * DAY, "fault-notice-handed-over": None},
        ),
        ("raised", {"kind": "rectification"}, {"desk-accept": 5 * MINUTE, "legacy-defect-fixed": 7 * DAY}),
        ("dispatched", {}, {"repair-order-taken": 5 * MINUTE}),
        ("dispatched", {"kind": "complaint"}, {}),
        ("dispatched", {"difficulty": "simple"}, {"repair-order-taken": 5 * MINUTE, "other-simple-done": WORKING_DAY}),
        ("dispatched", {"item": "lamp"}, {"repair-order-taken": 5 * MINUTE, "lamp-or-pipe-done": WORKING_DAY}),
        ("dispatched", {"item": "tap"}, {"repair-order-taken": 5 * MINUTE, "tap-or-drain-done": WORKING_DAY / 2}),
        ("dispatched", {"item": "drain"}, {"repair-order-taken": 5 * MINUTE, "tap-or-drain-done": WORKING_DAY / 2}),
        (
            "dispatched",
            {"item": "drain", "difficulty": "difficult"},
            {"repair-order-taken": 5 * MINUTE, "drain-complex-done": WORKING_DAY},
        ),
        ("dispatched", {"item": "wiring"}, {"repair-order-taken": 5 * MINUTE, "wiring-done": 7 * DAY}),
        ("dispatched", {"item": "lock"}, {"repair-order-taken": 5 * MINUTE, "lock-or-furniture-done": WORKING_DAY}),
        (
            "dispatched",
            {"item": "lock", "difficulty": "difficult"},
            {"repair-order-taken": 5 * MINUTE, "lock-or-furniture-complex-done": 7 * DAY},
        ),
        (
            "dispatched",
            {"kind": "repair_public", "item": "public_lighting"},
            {"repair-order-taken": 5 * MINUTE, "public-lighting-done": 2 * DAY},
        ),
        (
            "dispatched",
            {"kind": "repair_public", "item": "door_window"},
            {"repair-order-taken": 5 * MINUTE, "door-or-window-done": 2 * WORKING_DAY},
        ),
        ("dispatched", {"kind": "repair_public"}, {"repair-order-taken": 5 * MINUTE, "public-other-done": 5 * WORKING_DAY}),
        ("arrived", {"difficulty": "simple"}, {"repair-done-simple": 2 * HOUR, "unfinished-explained": None}),
        ("arrived", {"difficulty": "difficult"}, {"repair-done-difficult": 72 * HOUR, "unfinished-explained": None}),
        ("arrived", {}, {"unfinished-explained": None}),
        ("arrived", {"kind": "repair_public"}, {}),
        ("reopened", {}, {"rerepair-scheduled": 24 * HOUR}),
        ("reopened", {"kind": "complaint"}, {"complaint-dispatched": HOUR}),
        ("done", {}, {"callback-repair": 48 * HOUR}),
        ("done", {"kind": "complaint"}, {"callback-complaint": 3 * DAY}),
        ("done", {"kind": "help"}, {"callback-service": 7 * DAY}),
        ("done", {"kind": "fault_notice"}, {}),
    ],
)
def test_each_event_starts_the_clocks_of_the_handbook(
    shipped_rules: Rules, event: str, data: dict[str, Any], expected: dict[str, timedelta | None]
) -> None:
    assert started(shipped_rules, f"tickets.{event}", {**REPAIR, **data}) == expected


def test_every_row_cites_the_handbook_and_has_a_name_in_both_languages(shipped_rules: Rules) -> None:
    for row in shipped_rules.rows.values():
        assert row.handbook.startswith("§")
        assert set(row.title) == {"en", "zh-CN"}


def test_the_service_hears_exactly_what_its_rows_name(shipped_rules: Rules) -> None:
    assert set(SPEC.handler("on_event").events) == shipped_rules.heard


def test_our_own_events_are_known_without_reading_our_own_spec() -> None:
    assert {event.name for event in SPEC.publishes} <= set(book.OWN_EVENTS)


def test_a_company_overrides_a_number_and_a_project_takes_a_row_out(tmp_path: Path) -> None:
    (tmp_path / "clocks.toml").write_text(
        "[clocks.desk-accept]\nlimit_s = 600\n[project.yh.clocks.desk-accept]\nenabled = false\n"
        "[project.hb.calendar]\nhours = ['09:00-12:00']\n",
        encoding="utf-8",
    )
    of = book.Book(Policies(SPEC, tmp_path))
    assert of.rules("anywhere").rows["desk-accept"].limit.seconds == 600
    assert "desk-accept" not in of.rules("yh").rows
    assert of.calendar("hb", None).day_length == 3 * HOUR
    assert of.calendar("anywhere", "Asia/Urumqi").zone == "Asia/Urumqi"


def test_rows_of_a_company_make_the_service_hear_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clocks.toml").write_text(
        "[project.yh.clocks.parcel-claimed]\nhandbook = '§10'\nstart = ['mail.received']\nstop = ['mail.claimed']\n"
        "limit_s = 259200\noutside = ['mail.received', 'mail.claimed']\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(book.settings, "read", lambda name: tmp_path)
    assert {"mail.received", "mail.claimed", "tickets.raised"} <= set(book.heard_events())


@pytest.fixture
def keys_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed service that brings a row of its own."""
    package = tmp_path / "keyring"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "policy.toml").write_text(
        "[clocks.key-back]\nhandbook = '§8'\nstart = ['keys.lent']\nstop = ['keys.returned']\nlimit_s = 3600\n"
        "outside = ['keys.lent', 'keys.returned']\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    monkeypatch.setattr(book, "_packages", lambda: iter(["keyring"]))
    book.shipped.cache_clear()
    return package / "policy.toml"


@pytest.fixture(autouse=True)
def read_again() -> Any:
    yield
    book.shipped.cache_clear()


def test_a_service_brings_its_own_rows_and_nothing_here_changes(keys_service: Path) -> None:
    desk = Desk(parse(book.shipped(), book.published()))
    desk.happens("keys.lent")
    assert desk.clock("key-back").due_at == desk.now + HOUR
    assert "keys.returned" in book.heard_events()


def test_two_services_cannot_claim_one_row(keys_service: Path) -> None:
    keys_service.write_text(keys_service.read_text().replace("key-back", "desk-accept"))
    with pytest.raises(BadRule, match=r"desk-accept.*keyring"):
        book.shipped()


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ("limit = 5", r"limit: unknown \(did you mean limit_s"),
        ("start = []", "start"),
        ("start = 'door.opened'", "start"),
        ("start = ['opened']", "start"),
        ("stop = []", "could never end"),
        ("pause = ['door.held']", "pause"),
        ("limit_s = 0", "limit_s: 0 is not a number more than 0"),
        ("limit_days = 1", "exactly one"),
        ("calendar = 'lunar'", "calendar"),
        ("warn_at = 1.5", "warn_at"),
        ("handbook = ''", "handbook"),
        ("ladder = [{ after = -1, roles = ['manager'] }]", "ladder"),
        ("ladder = [{ after = 1 }]", "ladder"),
    ],
)
def test_a_wrong_row_is_refused_by_name(row: str, names: str) -> None:
    good = {"handbook": "§3", "start": ["door.opened"], "stop": ["door.shut"], "limit_s": 60}
    with pytest.raises(BadRule, match=rf"clocks\.shut.*{names}"):
        parse({"clocks": {"shut": {**good, **tomllib.loads(row)}}})


def test_working_days_need_the_working_calendar() -> None:
    with pytest.raises(BadRule, match="limit_days"):
        parse({"clocks": {"shut": {"handbook": "§3", "start": ["door.opened"], "stop": ["door.shut"], "limit_days": 1}}})


def test_projects_without_a_word_of_their_own_share_the_rows_of_the_company(tmp_path: Path) -> None:
    (tmp_path / "clocks.toml").write_text("[project.yh.clocks.desk-accept]\nlimit_s = 60\n", encoding="utf-8")
    of = book.Book(Policies(SPEC, tmp_path))
    assert of.rules("a") is of.rules("b")
    assert of.rules("a") is not of.rules("yh")
    assert of.calendar("a", "Asia/Urumqi") is of.calendar("b", "Asia/Urumqi")
