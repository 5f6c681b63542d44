"""Dead letters in the hands of operators: found, given back, corrected, closed; every action repeated does nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from steward.bus.client import Client
from steward.cli import main
from steward.errors import BadInput, IllegalTransition, NotFound
from steward.ids import new_id
from steward.testing.bus import publisher, teller
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import iso, now
from tests.integration.gateway.town import token

QUEUE = "parcels.on_received"
LETTERS = "/v1/ops/dead-letters"

Document = dict[str, Any]


@dataclass(frozen=True)
class Office:
    """A project that only one test has letters in, with a parcel that has been shelved once."""

    system: System
    operator: Client
    project: str
    parcel: str

    def call(self, method: str, **kwargs: Any) -> Any:
        return self.operator.call("parcels", method, within_s=30, **kwargs)

    def shelvings(self) -> int:
        found: int = self.call("show", project=self.project, parcel=self.parcel)["shelvings"]
        return found

    def letters(self, **query: Any) -> list[Document]:
        return list(self.operator.items("parcels", "dead_letters", project=self.project, **query))

    def event(self, **changes: Any) -> Document:
        """News of the parcel, as its publisher would tell it again."""
        said: Document = self.call("timeline", project=self.project, matter=f"parcels/{self.parcel}")[0]
        return said | {"id": new_id()} | changes

    def spoil(self, count: int = 1, **changes: Any) -> list[Document]:
        """Letters of events whose shelf is no text, which no handler can ever take; the youngest first."""
        events = [self.event(data={"shelf": 7}, **changes) for _ in range(count)]
        self.publish(events)
        ids = {event["id"] for event in events}
        eventually(lambda: ids <= {letter["message_id"] for letter in self.letters()}, "the letters are filed")
        return [letter for letter in self.letters() if letter["message_id"] in ids]

    def publish(self, events: list[Document]) -> None:
        with teller(self.system.environ) as producer:
            for event in events:
                producer.publish(json.dumps(event).encode(), exchange="", routing_key=QUEUE, message_id=event["id"])

    def deaths(self, letter: Document) -> int:
        found: int = self.call("dead_letter", letter=letter["id"])["deaths"]
        return found


@pytest.fixture
def office(system: System, operator: Client) -> Office:
    project = f"p{new_id()[-10:]}"
    parcel = operator.call("parcels", "receive", within_s=30, project=project, body={"shelf": "A"})["id"]
    found = Office(system, operator, project, parcel)
    eventually(lambda: found.shelvings() == 1, "shelved")
    return found


def test_letters_are_found_by_handler_event_project_error_and_time(office: Office) -> None:
    before = iso(now())
    (letter,) = office.spoil()
    found = {"handler": "on_received", "type": "parcels.received", "error": "validationERROR", "since": before}
    for name, value in found.items():
        assert office.letters(**{name: value}) == [letter]
    assert office.letters(**found) == [letter]
    for wrong in ({"handler": "on_moved"}, {"type": "parcels.moved"}, {"error": "(.*"}, {"until": before}, {"state": "discarded"}):
        assert office.letters(**{**found, **wrong}) == []


def test_letters_come_in_pages_the_youngest_events_first(office: Office) -> None:
    spoilt = [letter["id"] for letter in office.spoil(5)]
    found: list[str] = []
    sizes, cursor = [], {}
    while cursor is not None:
        page = office.call("dead_letters", query={"project": office.project, "limit": 2, **cursor})
        found += [letter["id"] for letter in page["items"]]
        sizes.append(len(page["items"]))
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert sizes == [2, 2, 1]
    assert found == sorted(spoilt, reverse=True)


def test_a_letter_tells_its_cause_its_stack_its_event_and_its_times(office: Office) -> None:
    (letter,) = office.spoil()
    whole = office.call("dead_letter", letter=letter["id"])
    assert whole["event"]["data"] == {"shelf": 7}
    assert "ValidationError" in whole["error"] and "Traceback" in whole["stack"]
    assert whole["attempts"] == 1 and whole["deaths"] == 1 and whole["history"] == []
    assert whole["first_failed"] <= whole["last_failed"] <= whole["filed_at"]


def test_a_letter_that_dies_again_keeps_its_history_and_when_it_failed_first(office: Office) -> None:
    (letter,) = office.spoil()
    office.call("replay_dead_letter", letter=letter["id"])
    eventually(lambda: office.deaths(letter) == 2, "dead again")
    again = office.call("dead_letter", letter=letter["id"])
    assert again["state"] == "dead"
    assert again["first_failed"] == letter["first_failed"] < again["last_failed"]
    assert [(deed["did"], deed["by"]) for deed in again["history"]] == [("replayed", "service:operator")]


def test_a_corrected_letter_takes_effect_once_and_keeps_who_changed_what(office: Office) -> None:
    (letter,) = office.spoil()
    event = office.call("dead_letter", letter=letter["id"])["event"]
    right = event | {"data": {"shelf": "B"}}
    for _ in range(2):  # repeating it does nothing more
        closed = office.call("edit_dead_letter", letter=letter["id"], body={"event": right, "reason": "shelf was a number"})
    assert (closed["state"], closed["reason"], closed["event"]) == ("replayed", "shelf was a number", right)
    (deed,) = closed["history"]
    assert (deed["did"], deed["by"], deed["reason"]) == ("edited", "service:operator", "shelf was a number")
    assert json.loads(deed["old"]) == event and json.loads(deed["new"]) == right
    eventually(lambda: office.shelvings() == 2, "the corrected event took effect")
    office.publish([right] * 5)
    marker = office.event()
    office.publish([marker])
    eventually(lambda: office.shelvings() == 3, "the marker behind the doubles took effect")


def test_what_was_no_event_at_all_is_corrected_too(office: Office) -> None:
    event = office.event()
    with publisher(office.system.environ["STEWARD_AMQP_URI"]) as producer:
        producer.publish(b"{torn", exchange="", routing_key=QUEUE, message_id=event["id"])
    same = {"message_id": event["id"]}
    torn = eventually(lambda: [one for one in office.operator.items("parcels", "dead_letters") if same.items() <= one.items()])
    office.call("edit_dead_letter", letter=torn[0]["id"], body={"event": event, "reason": "torn"})
    eventually(lambda: office.shelvings() == 2, "it took effect")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"id": "another"}, "event.id", id="another id"),
        pytest.param({"type": "parcels.moved"}, "event.type", id="an event that the handler does not hear"),
        pytest.param({"project": "elsewhere"}, "event.project", id="another project"),
        pytest.param({"data": {"shelf": None}}, "event.data.shelf", id="against the schema"),
        pytest.param({"data": 7}, "event", id="no event"),
    ],
)
def test_a_wrong_correction_is_refused_by_field_and_changes_nothing(office: Office, change: Document, field: str) -> None:
    (letter,) = office.spoil()
    event = office.call("dead_letter", letter=letter["id"])["event"] | {"data": {"shelf": "B"}}
    with pytest.raises(BadInput) as refused:
        office.call("edit_dead_letter", letter=letter["id"], body={"event": event | change, "reason": "wrong"})
    assert [row["field"] for row in refused.value.extra["errors"]] == [field]
    assert office.letters() == [letter]


def test_a_letter_is_closed_in_one_way_however_often_that_is_asked(office: Office) -> None:
    (letter,) = office.spoil()
    for reason in ("a test", "again"):
        closed = office.call("discard_dead_letter", letter=letter["id"], body={"reason": reason})
    assert (closed["state"], closed["reason"], closed["closed_by"]) == ("discarded", "a test", "service:operator")
    assert [deed["did"] for deed in closed["history"]] == ["discarded"]
    with pytest.raises(IllegalTransition):
        office.call("replay_dead_letter", letter=letter["id"])
    with pytest.raises(NotFound):
        office.call("replay_dead_letter", letter="nosuch")


def test_many_are_counted_before_they_are_given_back_and_closed(office: Office) -> None:
    spoilt = office.spoil(5)
    some = {"project": office.project, "error": "shelf"}
    assert office.call("replay_dead_letters", body=some | {"dry_run": True}) == {"matched": 5, "done": 0}
    assert {office.deaths(letter) for letter in spoilt} == {1}
    assert office.call("replay_dead_letters", body=some | {"limit": 3}) == {"matched": 5, "done": 3}
    eventually(lambda: sorted(office.deaths(letter) for letter in spoilt) == [1, 1, 2, 2, 2], "three died again")
    assert office.call("discard_dead_letters", body=some | {"reason": "a test"})["done"] == 5
    assert office.call("discard_dead_letters", body=some | {"reason": "a test"}) == {"matched": 0, "done": 0}
    assert {letter["reason"] for letter in office.letters(state="discarded")} == {"a test"}


def test_all_letters_of_everybody_are_not_meant_by_saying_nothing(office: Office) -> None:
    with pytest.raises(BadInput):
        office.call("replay_dead_letters", body={"dry_run": True})
    assert office.call("replay_dead_letters", body={"dry_run": True, "all": True})["done"] == 0


@pytest.fixture
def http(system: System) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=system.url, timeout=30) as client:
        yield client


def bearer(office: Office, role: str, project: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(office.system.settings.token_key, role, project)}"}


def test_over_http_an_auditor_sees_and_an_admin_acts_each_in_their_own_project(office: Office, http: httpx.Client) -> None:
    (letter,) = office.spoil()
    one, query = f"{LETTERS}/parcels/{letter['id']}", {"project": office.project}
    auditor, admin = bearer(office, "auditor", office.project), bearer(office, "admin", office.project)
    stranger = bearer(office, "admin", "elsewhere")
    assert [found["id"] for found in http.get(LETTERS, params=query, headers=auditor).json()["items"]] == [letter["id"]]
    assert http.get(one, headers=auditor).json()["event"]["data"] == {"shelf": 7}
    assert http.post(f"{one}/replay", headers=auditor).status_code == 403
    assert http.get(LETTERS, params=query, headers=stranger).json()["items"] == []
    assert http.get(one, headers=stranger).status_code == http.post(f"{one}/replay", headers=stranger).status_code == 404
    bulk = {"project": office.project, "reason": "theft"}
    assert http.post(f"{LETTERS}/discard", json=bulk, headers=stranger).json()["matched"] == 0
    answer = http.post(f"{LETTERS}/discard", json=bulk | {"reason": "a test"}, headers=admin).json()
    assert (answer["matched"], answer["done"], answer["missing"]) == (1, 1, [])


def test_over_http_the_letters_of_all_services_are_one_list_in_pages(office: Office, http: httpx.Client) -> None:
    spoilt = [letter["id"] for letter in office.spoil(3)]
    headers = bearer(office, "admin", "*")
    found: list[Document] = []
    query: dict[str, str] = {"project": office.project, "limit": "1"}
    while query.get("cursor", "") is not None:
        page = http.get(LETTERS, params=query, headers=headers).json()
        assert page["missing"] == []
        found += page["items"]
        query["cursor"] = page["next"]
    assert [letter["id"] for letter in found] == spoilt
    assert {letter["service"] for letter in found} == {"parcels"}
    assert http.get(LETTERS, params={"cursor": "x"}, headers=headers).status_code == 422


def test_the_command_line_does_the_same(office: Office, tmp_path: Path) -> None:
    first, second, third = office.spoil(3)
    mine = ("--project", office.project)
    assert first["id"] in run("list", *mine).output and office.project in run("list", "--service", "parcels", *mine).output
    assert json.loads(run("show", "parcels", first["id"]).output)["id"] == first["id"]
    assert "3 would be replayed" in run("replay", "parcels", *mine, "--dry-run").output
    event = office.call("dead_letter", letter=first["id"])["event"] | {"data": {"shelf": "B"}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    run("edit", "parcels", first["id"], "--event", str(tmp_path / "event.json"), "--reason", "a test")
    run("replay", "parcels", second["id"])
    eventually(lambda: office.deaths(second) == 2 and office.shelvings() == 2, "one took effect, one died again")
    assert "2 of 2 discarded" in run("discard", "parcels", *mine, "--reason", "a test").output
    assert office.letters() == [] and len(office.letters(state="discarded")) == 2
    assert run("replay", "parcels", code=2).exit_code == 2
    assert run("discard", "parcels", third["id"], *mine, "--reason", "both", code=2).exit_code == 2


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner(env={"COLUMNS": "400"}).invoke(main, ["dead", *arguments])
    assert result.exit_code == code, result.output
    return result
