"""Clocks: how late they fire, and that many open ones cost a sweep no more than few.

``python -m bench.clocks [--few 1000] [--many 100000] [--due 300]``; against MongoDB: ``STEWARD_MONGO_URI=…``, and more of them.

Open clocks are written into the store as the service keeps them, most of them due next year. Then some fall due one
after the other while the service sweeps, and its own events tell when each was fired.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import click
from pymongo.database import Database

from bench import ground
from services.clocks import calendars, model
from services.clocks.book import Layer, check, shipped
from services.clocks.calendars import Calendars
from services.clocks.model import Sighting, Watch
from services.clocks.store import WATCHES
from steward.ids import new_id
from steward.local.processes import wait_until
from steward.replay.ledger import percentile
from steward.store.client import Document, connect, database
from steward.store.due import DueReader
from steward.store.journal import JOURNAL
from steward.times import now
from steward.times import parse as moment

READS = 100
COUNTS = 5
EVERY_S = 0.05
"""Apart from each other is what falls due."""
AHEAD = timedelta(seconds=15)
REST_S = 60.0
LATE_AIM_S = 1.0
WORK_AIM = 2.0
"""A sweep over many against one over few; the rest is noise."""
_AT_ONCE = 2_000


def _watch() -> Watch:
    """A watch as one event makes it."""
    policy = shipped()
    data = {"number": "YH-2611-00042", "kind": "enquiry", "urgency": "normal", "department": "desk", "unit": None}
    watch = Watch("01k", ground.PROJECT, "tickets/01k", "tickets/01k")
    seen = Sighting("tickets.raised", 1, now(), data)
    decision = model.observe(watch, seen, check([Layer("policy.toml", policy)]), Calendars(calendars.from_policy(policy["calendar"])), 64)
    assert decision is not None
    return decision.state


def _due_at(watch: Watch, at: datetime) -> Document:
    """A copy of ``watch`` whose first clock warns ``at``."""
    name = new_id()
    first = watch.clocks[0]
    shift = at - first.moments[0]
    clock = replace(first, id=f"{name}.{first.rule}.1", moments=tuple(each + shift for each in first.moments))
    return WATCHES.to_document(replace(watch, id=name, subject=f"tickets/{name}", matter=f"tickets/{name}", clocks=(clock,), version=1)) | {
        "_order": 0
    }


def _fill(db: Database[Document], watch: Watch, count: int) -> None:
    far = now() + timedelta(days=365)
    for start in range(0, count, _AT_ONCE):
        many = range(start, min(start + _AT_ONCE, count))
        db[WATCHES.collection].insert_many([_due_at(watch, far + timedelta(seconds=number)) for number in many])


def _sweep_ms(db: Database[Document]) -> float:
    """What it costs to find that nothing is due: the median of many reads, in milliseconds."""
    reader, took = DueReader(db, WATCHES.collection, "next_at"), []
    for _ in range(READS):
        started = time.perf_counter()
        reader.read(now(), 100)
        took.append(time.perf_counter() - started)
    return median(took) * 1_000


def _asked_ms(db: Database[Document], query: dict[str, Any]) -> float:
    """What it costs to count what ``query`` finds: the median of a few, in milliseconds."""
    took = []
    for _ in range(COUNTS):
        started = time.perf_counter()
        db[WATCHES.collection].count_documents(query)
        took.append(time.perf_counter() - started)
    return median(took) * 1_000


def _late(db: Database[Document], due: dict[str, datetime]) -> list[float]:
    """How late each of ``due`` (watch → moment) was told, in seconds; those that were told."""
    subjects = {f"clocks/{name}": at for name, at in due.items()}
    told = (event for entry in db[JOURNAL.name].find({"project": ground.PROJECT}) for event in entry["events"])
    return [
        (moment(event["time"]) - subjects[event["subject"]]).total_seconds()
        for event in told
        if event["type"] == "clocks.warned" and event["subject"] in subjects
    ]


def _fall_due(db: Database[Document], watch: Watch, count: int) -> list[float]:
    """How late each of ``count`` clocks fired, that fell due one after the other."""
    start = now() + AHEAD
    documents = [_due_at(watch, start + timedelta(seconds=number * EVERY_S)) for number in range(count)]
    db[WATCHES.collection].insert_many(documents)
    due = {document["_id"]: document["next_at"] for document in documents}
    time.sleep(AHEAD.total_seconds() + count * EVERY_S)  # looking at them meanwhile would disturb
    assert wait_until(lambda: len(_late(db, due)) >= count, REST_S, 1.0), "not all were fired"
    return _late(db, due)


def _plan(db: Database[Document]) -> str:
    plan: dict[str, Any] = db[WATCHES.collection].find({"next_at": {"$gt": now() - timedelta(hours=1), "$lte": now()}}).explain()
    stages = []
    stage = plan["queryPlanner"]["winningPlan"]
    while stage:
        stages.append(stage["stage"] + (f" {stage['indexName']}" if "indexName" in stage else ""))
        stage = stage.get("inputStage")
    return " ← ".join(stages)


@click.command()
@click.option("--few", default=1_000, show_default=True)
@click.option("--many", default=100_000, show_default=True)
@click.option("--due", default=300, show_default=True)
def main(few: int, many: int, due: int) -> None:
    """Measure and print."""
    watch = _watch()
    with ground.running(["clocks"]) as system, closing(connect(system.settings.mongo_uri)) as client:
        db = database(client, "clocks")
        _fill(db, watch, few)
        few_ms = _sweep_ms(db)
        late_few = _fall_due(db, watch, due)
        _fill(db, watch, many - few)
        many_ms = _sweep_ms(db)
        late_many = _fall_due(db, watch, due)
        plan = _plan(db)
        board_ms = _asked_ms(db, {"project": ground.PROJECT, "state": "running"})
        backlog_ms = _asked_ms(db, {"next_at": {"$lte": now() - timedelta(seconds=30)}})
    ground.tell(
        f"Clocks, {due} falling due, {1 / EVERY_S:.0f} a second",
        [
            ("a sweep that finds nothing", f"{few_ms:.1f} ms with {few} open, {many_ms:.1f} ms with {many}"),
            (f"ratio (aim at most {WORK_AIM:.0f})", f"{many_ms / few_ms:.2f}"),
            (f"due → told with {few} open, p50 / p99 / max", _shown(late_few)),
            (f"due → told with {many} open, p50 / p99 / max (aim p99 < 1 s)", _shown(late_many)),
            ("fired ÷ due", f"{(len(late_few) + len(late_many)) / (2 * due):.3f}"),
            ("plan", plan),
            (f"counts of a board whose project has all {many} open / of the backlog", f"{board_ms:.0f} / {backlog_ms:.1f} ms"),
        ],
    )
    ground.verdict(many_ms / few_ms <= WORK_AIM and percentile(late_many, 0.99) < LATE_AIM_S)


def _shown(late_s: list[float]) -> str:
    return " / ".join(f"{percentile(late_s, share):.3f}" for share in (0.5, 0.99, 1.0)) + " s"


if __name__ == "__main__":
    main()
