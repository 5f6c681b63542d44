"""SIGKILL between the vote that lets somebody's data go and the proof that they are gone: they go, once, and nothing is half done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from parcels import faults

from steward.bus.client import Client
from steward.ids import new_id
from steward.store.client import Document, connect, database
from steward.store.journal import JOURNAL
from steward.testing import halves
from steward.testing.system import System
from steward.testing.waiting import eventually
from tests.chaos.process.crew import Crew
from tests.integration.residents.estate import Estate, Json
from tests.integration.residents.test_erasures_over_http import REASON

KILLED_S = 60.0
Orders = tuple[tuple[str, str], ...]
VOTE, REPORT, LOOK = "approve_asked", "on_forgotten", "purge_due"
ALONG_THE_WAY: Orders = (
    (faults.AFTER_COMMIT, VOTE),
    (faults.BEFORE_PUBLISH, "purge_begun"),
    (faults.BEFORE_COMMIT, REPORT),
    (faults.AFTER_PUBLISH, "person_purged"),
)
"""Of one wish, where the purge begins with the vote."""
AT_ONCE: Orders = (
    (faults.BEFORE_COMMIT, VOTE),
    (faults.AFTER_COMMIT, VOTE),
    (faults.BEFORE_PUBLISH, "purge_begun"),
    (faults.AFTER_PUBLISH, "purge_begun"),
    (faults.BEFORE_COMMIT, REPORT),
    (faults.AFTER_COMMIT, REPORT),
    (faults.BEFORE_PUBLISH, "person_purged"),
    (faults.AFTER_PUBLISH, "person_purged"),
)
IN_ITS_TIME: Orders = (
    (faults.BEFORE_COMMIT, LOOK),
    (faults.AFTER_COMMIT, LOOK),
    (faults.BEFORE_COMMIT, REPORT),
    (faults.AFTER_COMMIT, REPORT),
)


@pytest.fixture(scope="module")
def crew(ground: System) -> Iterator[Crew]:
    """Two processes of residents; of the services that hold copies, tickets alone is here, and alone is asked."""
    policy = ground.place.data / "policy-of-residents"
    policy.mkdir()
    (policy / "residents.toml").write_text('[retention]\nholders = ["tickets"]\n')
    env = {"STEWARD_POLICY": str(policy), "PARCELS_FAULTS_ANYWHERE": "yes"}
    tickets = Crew(ground, service="tickets", count=1, env={"STEWARD_POLICY": str(policy)})
    tickets.start()
    try:
        with Crew(ground, service="residents", env=env) as crew:
            tickets.wait_ready()
            yield crew
    finally:
        tickets.end()
        forget(ground)


def forget(ground: System) -> None:
    """Leave nothing to whoever counts all that was published on this ground: most who hear of it are not here."""
    with connect(ground.settings.mongo_uri) as client:
        for service in ("residents", "tickets"):
            client.drop_database(database(client, service).name)


@pytest.fixture(scope="module")
def estate(ground: System, crew: Crew) -> Iterator[Estate]:
    with Client(ground.settings) as operator:
        made = Estate(ground, operator)
        yield made
        made.http.close()


def somebody(estate: Estate, number: int) -> str:
    person: str = estate.send("~/people", {"name": f"欧阳{number}", "phones": [f"1380013{number:04d}"]})["id"]
    return person


def asked(estate: Estate, person: str) -> Json:
    return estate.send(f"~/people/{person}/erasure-requests", {"reason": REASON})


def agree(estate: Estate, wish: Json) -> None:
    """However often it takes: under one key, so that it is one vote."""
    path, key = f"~/approvals/residents/{wish['approval']}/approve", {"Idempotency-Key": new_id()}
    eventually(lambda: estate.ask("POST", path, "manager", json={}, headers=key).is_success, "the vote is given", KILLED_S)


def struck(crew: Crew, orders: Orders) -> None:
    for point, doing in orders:
        eventually(lambda point=point: not faults.waiting(crew.faults, point), f"killed {point} of {doing}", KILLED_S)  # type: ignore[misc]


def wish_of(estate: Estate, wish: Json) -> Json | None:
    answer = estate.ask("GET", f"~/people/{wish['person']}/erasure-requests/{wish['id']}")
    found: Json | None = answer.json() if answer.is_success else None
    return found


def is_done(estate: Estate, wish: Json) -> bool:
    return (wish_of(estate, wish) or {}).get("state") == "done"


def review(estate: Estate) -> None:
    eventually(lambda: estate.ask("POST", "~/purge-reviews", "manager", json={}).is_success, "all is looked through", KILLED_S)


def once(estate: Estate, wish: Json) -> None:
    """Nothing is left of the person, and it is told and proven once."""
    with connect(estate.system.settings.mongo_uri) as client:
        store = database(client, "residents")
        file: Document = store["people"].find_one({"_id": wish["person"]}) or {}
        purges = list(store["purges"].find({"person": wish["person"]}))
        told = [event["type"] for entry in store[JOURNAL.name].find({"matter": f"residents/{wish['person']}"}) for event in entry["events"]]
    assert (file["name"], file["phones"], file["tokens"], file["unfiled_at"] is None) == ("", [], [], False)
    assert [(one["state"], one["wish"], [report["service"] for report in one["reports"]]) for one in purges] == [
        ("done", wish["id"], ["tickets"])
    ]
    assert [told.count(f"residents.{name}") for name in ("person_purged", "erasure_done", "approval_granted")] == [1, 1, 1]


def at_once(crew: Crew, estate: Estate, number: int, orders: Orders) -> None:
    """Killed by ``orders``, of one wish that nothing stands against."""
    before, wish = len(crew.exits), asked(estate, somebody(estate, number))
    for order in orders:
        faults.order(crew.faults, *order)
    agree(estate, wish)
    struck(crew, orders)
    eventually(lambda: is_done(estate, wish), f"done in spite of {orders}", KILLED_S)
    once(estate, wish)
    assert [ended.code for ended in crew.exits[before:]] == [-9] * len(orders)


def in_its_time(crew: Crew, estate: Estate, number: int, orders: Orders) -> None:
    """Killed by ``orders``, of one wish that a ground keeps, which ends."""
    person = somebody(estate, number)
    hold = estate.send(f"~/people/{person}/holds", {"ground": "arrears"})
    wish = asked(estate, person)
    agree(estate, wish)
    assert (wish_of(estate, wish) or {})["state"] == "kept"
    estate.send(f"~/people/{person}/holds/{hold['id']}/release", {})
    for order in orders:
        faults.order(crew.faults, *order)
    review(estate)
    struck(crew, orders)
    eventually(lambda: is_done(estate, wish), f"done in spite of {orders}", KILLED_S)
    once(estate, wish)


def test_a_wish_that_is_agreed_to_is_done_once_wherever_residents_is_killed(crew: Crew, estate: Estate) -> None:
    at_once(crew, estate, 1, ALONG_THE_WAY)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_each_point_alone_is_one_at_which_a_kill_changes_nothing(crew: Crew, estate: Estate) -> None:
    for number, order in enumerate(AT_ONCE, 10):
        at_once(crew, estate, number, (order,))
    for number, order in enumerate(IN_ITS_TIME, 30):
        in_its_time(crew, estate, number, (order,))


def test_nothing_is_half_written_nor_given_up(estate: Estate) -> None:
    held = {name: holdings for name, holdings in halves.read_all(estate.system.settings).items() if name in ("residents", "tickets")}
    assert (halves.half_written(held), halves.dead(held)) == ([], [])
