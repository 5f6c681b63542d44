"""Importing a roster made whole, beside the bare writing of the same documents.

``python -m bench.roster [--rows 10000]``; against MongoDB: ``STEWARD_MONGO_URI=…``.

A file of so many rows, each a unit with an owner who has a phone, is sent in over HTTP and followed until its run has ended; then once
more, which changes nothing. *Bare* is ``insert_many`` of the very documents that this left in the service's store, under the same
indexes, by 100 and from one thread: what the store takes for them at least, whoever writes them.
"""

from __future__ import annotations

import random
import time
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import click
import httpx
from pymongo import MongoClient

from bench import ground
from bench.search import OPENING, Resident, residents
from services.residents.spec import SPEC
from steward.bus.client import OPERATOR, Client
from steward.bus.tokens import own_token
from steward.spec import Collection
from steward.store.client import Document, connect, database, ensure_indexes
from steward.store.journal import JOURNAL
from steward.testing.system import System

AIM = 1.5
"""Our time to the bare store's."""
AIM_MB = 300
"""Resident memory of the service at its highest."""
HEADER = "楼栋,单元,房号,面积,姓名,电话,关系,入住日期"
WRITTEN = ("people", "units", "buildings", "roster_made", JOURNAL.name)
_BARE = "bench_roster_bare"
_AT_ONCE = 100
_LOOK_S = 0.25


@dataclass(frozen=True)
class Followed:
    """A run at its end: the seconds that it took, and those in which each question about it was answered."""

    run: str
    took_s: float
    looks: list[float]


@dataclass(frozen=True)
class Measured:
    """Seconds of the first import, of the second and of the bare store; memory at its highest, in MB."""

    first_s: float
    again_s: float
    bare_s: float
    peak_mb: float


def roster(found: list[Resident]) -> bytes:
    """A file with a unit for each of them."""
    rows = (f"{n // 100},{n % 4},{n},80,{who.name},{who.phone},业主,2024-01-31" for n, who in enumerate(found))
    return "\n".join((HEADER, *rows)).encode()


def label(number: int) -> str:
    """What the unit in the row of that number is called."""
    return f"{number // 100}-{number % 4}-{number}"


def imported(http: httpx.Client, content: bytes) -> Followed:
    """Send a file in and follow its run to the end."""
    started = time.perf_counter()
    answer = http.post(f"/v1/projects/{ground.PROJECT}/roster", params={"filename": "bench.csv"}, content=content)
    return followed(http, answer.raise_for_status().json(), started)


def followed(http: httpx.Client, run: dict[str, Any], started: float) -> Followed:
    """``run`` once it has ended."""
    looks: list[float] = []
    while run["ended_at"] is None:
        time.sleep(_LOOK_S)
        asked = time.perf_counter()
        answer = http.get(f"/v1/projects/{ground.PROJECT}/roster-runs/{run['id']}")
        looks.append(time.perf_counter() - asked)
        run = answer.json() if answer.is_success else run  # told to come back: it is busy with what is measured here
    assert (run["state"] in ("ended", "undone"), run["wrong"]) == (True, 0), run
    return Followed(run["id"], time.perf_counter() - started, looks)


def written_bare(client: MongoClient[Document]) -> float:
    """Seconds in which the store takes what our imports left in it."""
    ours, bare = database(client, SPEC.name), database(client, _BARE)
    indexes = {collection.name: collection for collection in (*SPEC.collections, JOURNAL)}
    _prepare(client, [indexes[name] for name in WRITTEN])
    took = 0.0
    for name in WRITTEN:
        documents = iter(ours[name].find())
        while some := list(islice(documents, _AT_ONCE if name != JOURNAL.name else 1)):
            started = time.perf_counter()
            bare[name].insert_many(some)
            took += time.perf_counter() - started
    return took


def _prepare(client: MongoClient[Document], collections: list[Collection]) -> None:
    ensure_indexes(database(client, _BARE), replace(SPEC, collections=tuple(collections)))


def peak_mb(system: System) -> float:
    """The most that the service has had resident since it was started."""
    (pid,) = system.pids(SPEC.name)
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _measured(system: System, rows: int) -> Measured:
    content = roster(residents(rows, random.Random(1)))
    headers = {"Authorization": f"Bearer {own_token(OPERATOR)}"}
    with httpx.Client(base_url=system.url, headers=headers, timeout=60) as http, closing(connect(system.settings.mongo_uri)) as client:
        with Client() as operator:
            operator.call("residents", "open_project", within_s=20, body=OPENING)
        first_s = imported(http, content).took_s
        bare_s = written_bare(client)
        return Measured(first_s, imported(http, content).took_s, bare_s, peak_mb(system))


@click.command()
@click.option("--rows", default=10_000, show_default=True)
def main(rows: int) -> None:
    """Measure and print."""
    with ground.running([SPEC.name]) as system:
        found = _measured(system, rows)
    ratio = found.first_s / found.bare_s
    ground.tell(
        f"A roster of {rows} rows",
        [
            ("file sent in → run ended", f"{found.first_s:.1f} s, {rows / found.first_s:.0f} rows/s"),
            ("limit: the same documents, indexes and store, bare", f"{found.bare_s:.1f} s, {rows / found.bare_s:.0f} rows/s"),
            (f"ratio (aim at most {AIM})", f"{ratio:.2f}"),
            ("the same file again, which changes nothing", f"{found.again_s:.1f} s"),
            (f"resident memory of the service at its highest (aim < {AIM_MB})", f"{found.peak_mb:.0f} MB"),
        ],
    )
    ground.verdict(ratio <= AIM and found.peak_mb < AIM_MB)


if __name__ == "__main__":
    main()
