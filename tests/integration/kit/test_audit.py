"""The audit trail of a running system: what is on record, how it is read, and that tampering with the store is told with its place."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from pymongo.database import Database

from steward.bus.client import Client
from steward.cli import main
from steward.ids import new_id
from steward.store.client import connect, database
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.integration.gateway.town import Town, found, token

Document = dict[str, Any]
SERVICE = "parcels"


@dataclass(frozen=True)
class Record:
    """The chain and the entries of one project, as they stand in the store of parcels."""

    db: Database[Document]
    project: str

    def entries(self) -> list[Document]:
        return list(self.db.journal.find({"project": self.project}).sort("order", 1))

    def links(self) -> list[Document]:
        return list(self.db.audit_links.find({"project": self.project}).sort("n", 1))

    def sealed(self) -> bool:
        named = {name for link in self.links() for name, _ in link["entries"]}
        return named == {entry["_id"] for entry in self.entries()}

    def verify(self, *more: str) -> Result:
        return run("verify", "--service", SERVICE, "--project", self.project, "--grace", "0", *more)

    def put(self, collection: str, document: Document) -> None:
        self.db[collection].replace_one({"_id": document["_id"]}, document)


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "400"}).invoke(main, ["audit", *arguments])


def edit_entry(record: Record) -> str:
    entry = record.entries()[1]
    record.put("journal", entry | {"actor": "user:somebody-else"})
    return f"link 1, entry {entry['_id']}: the entry is not as it was sealed"


def remove_entry(record: Record) -> str:
    entry = record.entries()[0]
    record.db.journal.delete_one({"_id": entry["_id"]})
    return f"link 1, entry {entry['_id']}: the entry is gone"


def add_entry(record: Record) -> str:
    first = record.entries()[0]
    record.db.journal.insert_one(first | {"_id": "call:added", "at": first["at"] - timedelta(days=1)})
    return "entry call:added: the entry is in no link"


def add_entry_without_an_order(record: Record) -> str:
    first = record.entries()[0]
    record.db.journal.insert_one(first | {"_id": "call:astray", "order": "none", "at": first["at"] - timedelta(days=1)})
    return "entry call:astray: the entry is in no link"


def swap_links(record: Record) -> str:
    one, other = record.links()[:2]
    record.db.audit_links.delete_many({"project": record.project, "n": {"$lte": 2}})
    record.db.audit_links.insert_many([one | {"n": 2}, other | {"n": 1}])
    return "link 1: the link was edited, or made without the key"


def edit_link(record: Record) -> str:
    link = record.links()[1]
    record.put("audit_links", link | {"entries": link["entries"][1:]})
    return "link 2: the link was edited, or made without the key"


def remove_link(record: Record) -> str:
    record.db.audit_links.delete_one({"_id": record.links()[0]["_id"]})
    return "link 1: the link is gone"


def cut_the_tail(record: Record) -> str:
    """Links, what they seal, and where the chain ends: whoever does it thoroughly is told by an anchor alone."""
    others = record.links()[1:]
    record.db.audit_links.delete_many({"_id": {"$in": [link["_id"] for link in others]}})
    record.db.journal.delete_many({"_id": {"$in": [name for link in others for name, _ in link["entries"]]}})
    record.db.audit_heads.delete_one({"_id": record.project})
    return f"link {others[-1]['n']}: the chain ends before this link"


TAMPERINGS = (edit_entry, remove_entry, add_entry, add_entry_without_an_order, swap_links, edit_link, remove_link, cut_the_tail)


@pytest.fixture(scope="module")
def records(system: System) -> Iterator[dict[str, Record]]:
    """By name of what will be done to it: a record of at least two links."""
    with connect(system.settings.mongo_uri) as client, Client() as operator:
        db = database(client, SERVICE)
        made = {name: Record(db, f"p{new_id()[-10:]}") for name in ("untouched", *(tampering.__name__ for tampering in TAMPERINGS))}
        for _ in range(2):
            for record in made.values():
                operator.call(SERVICE, "receive", within_s=30, project=record.project, body={"shelf": "A"})
            eventually(lambda: all(record.sealed() and len(record.entries()) % 2 == 0 for record in made.values()), "all is sealed")
        yield made


def test_a_record_that_nobody_touched_passes(records: dict[str, Record], tmp_path: Path) -> None:
    record = records["untouched"]
    anchors = run("anchor", "--service", SERVICE, "--project", record.project)
    (tmp_path / "anchors").write_text(anchors.stdout)
    told = record.verify("--anchors", str(tmp_path / "anchors"))
    assert (told.exit_code, told.stdout) == (0, "faults: 0\n")
    assert len(record.links()) >= 2 and len(record.entries()) == 4


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_tampering_is_told_with_its_place(records: dict[str, Record], tamper: Callable[[Record], str], tmp_path: Path) -> None:
    record = records[tamper.__name__]
    (tmp_path / "anchors").write_text(run("anchor", "--service", SERVICE, "--project", record.project).stdout)
    assert record.verify().exit_code == 0
    expected = tamper(record)
    told = record.verify("--anchors", str(tmp_path / "anchors"))
    assert told.exit_code == 1
    assert f"{SERVICE} {record.project}, {expected}" in told.stdout


def test_an_entry_says_who_did_what_to_which_version_and_what_caused_it(records: dict[str, Record]) -> None:
    received, shelved = records["untouched"].entries()[:2]
    assert (received["how"], received["doing"], received["actor"]) == ("call", "receive", "service:operator")
    assert (shelved["how"], shelved["doing"], shelved["actor"]) == ("event", "on_received", "service:parcels")
    (made,), (changed,) = received["touched"], shelved["touched"]
    assert (made["before"], made["after"]) == (None, 1)
    assert (changed["before"], changed["after"], changed["fields"], changed["values"]) == (1, 2, ["shelvings"], {"shelvings": [0, 1]})
    assert shelved["subjects"] == [made["subject"]] and shelved["cause"] == received["events"][0]["id"]


@pytest.fixture(scope="module")
def town(system: System) -> Town:
    return found(system.url, system.settings.token_key)


@pytest.fixture
def auditor(town: Town) -> Iterator[httpx.Client]:
    with town.as_("auditor") as client:
        yield client


def good(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def pages(client: httpx.Client, **query: Any) -> list[Document]:
    items: list[Document] = []
    while True:
        page = good(client.get("/audit", params=query))
        assert page["missing"] == []
        items += page["items"]
        if page["next"] is None:
            return items
        query["cursor"] = page["next"]


def test_who_read_a_persons_file_is_one_query(town: Town, auditor: httpx.Client, operator: Client) -> None:
    with town.as_("desk") as desk:
        person = good(desk.post("/people", json={"name": "李四", "phones": ["13911112222"]}))["id"]
        good(desk.get(f"/people/{person}"))
        assert len(good(desk.get("/people", params={"phone": "13911112222"}))["items"]) == 1
    operator.call("residents", "contact", within_s=30, project=town.name, person=person)
    subject = f"residents/{person}"
    reads = pages(auditor, subject=subject, how="read")
    assert [(read["call"], read["by"]) for read in reads] == [
        ("contact", "service:operator"), ("people", "user:desk"), ("person", "user:desk"),
    ]  # fmt: skip
    (filed,) = pages(auditor, subject=subject, how="call")
    assert (filed["call"], filed["by"], filed["events"]) == ("register_person", "user:desk", ["residents.person_registered"])
    assert pages(auditor, subject=subject, by="user:desk", call="person")[0]["subjects"] == [subject]
    everything = auditor.get("/audit/export").text
    assert "李四" not in everything and "13911112222" not in everything


def test_the_trail_of_all_services_is_one_list_in_pages(town: Town, auditor: httpx.Client) -> None:
    at_once = pages(auditor, limit=200)
    assert {"residents", "tickets", "dispatch"} <= {entry["service"] for entry in at_once}
    assert [entry["order"] for entry in at_once] == sorted((entry["order"] for entry in at_once), reverse=True)
    until = at_once[0]["at"]

    def the_same_in_pages() -> bool:  # as soon as nothing is under way any more that has its place before ``until``
        in_pages = pages(auditor, limit=3, until=until)
        return in_pages == pages(auditor, limit=200, until=until) and len(in_pages) > 3

    eventually(the_same_in_pages)
    assert {entry["service"] for entry in pages(auditor, service="tickets")} == {"tickets"}


def test_the_export_holds_the_same_and_no_formula(town: Town, auditor: httpx.Client) -> None:
    answer = auditor.get("/audit/export", params={"service": "residents"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    ids = [row["id"] for row in rows]
    assert len(ids) > 3 and ids == [entry["id"] for entry in pages(auditor, service="residents")][-len(ids) :]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_the_trail_is_for_auditors_and_of_their_own_project(town: Town, system: System, auditor: httpx.Client) -> None:
    with town.as_("desk") as desk:
        assert desk.get("/audit").status_code == desk.get("/audit/export").status_code == 403
    stranger = {"Authorization": f"Bearer {token(system.settings.token_key, 'auditor', 'elsewhere')}"}
    assert httpx.get(f"{system.url}/v1/projects/{town.name}/audit", headers=stranger).status_code == 403
    for wrong in ({"cursor": "x"}, {"how": "so"}, {"since": "yesterday"}, {"colour": "red"}):
        assert auditor.get("/audit", params=wrong).status_code == 422
    assert auditor.get("/audit", params={"service": "nosuch"}).status_code == 404
