"""A project of the greatest size in one run: its roster imported, people searched and listed, all of it taken back.

``python -m bench.scale [--rows 100000] [--bare]``; against MongoDB: ``STEWARD_MONGO_URI=…``.
100,000 rows take the embedded store half an hour.

The roster is the one of ``bench.roster``, the queries are those of ``bench.search``, for people whom the import filed. Processor time
stands beside the seconds, because others may use the machine; *bare* is the writing of the documents that the import left.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import click
import httpx
from pymongo.database import Database

from bench import ground, roster, search
from services.residents.spec import SPEC
from services.residents.store import PEOPLE, UNITS
from steward.bus.client import OPERATOR, Client
from steward.bus.tokens import own_token
from steward.replay.ledger import percentile
from steward.settings import Settings
from steward.store.client import Document, connect, database
from steward.store.keys import StoredKeys
from steward.store.reading import Reading
from steward.testing.system import System
from steward.times import now
from steward.trust.sealing import Sealer

QUERIES, VEHICLES, TIMES = 60, 1_000, 5
PROCESSES = ("store", SPEC.name)
HERE = {"project": ground.PROJECT}
FEW_UNITS = ("units?state=occupied", "units?building=7", "units?building=7&state=occupied")


class Sheet:
    """What was measured, told as it comes: the run is long."""

    def __init__(self, system: System) -> None:
        self._system = system

    @contextmanager
    def measuring(self, what: str) -> Iterator[None]:
        """Tell of what is done meanwhile: seconds, and processor time."""
        before, started = ground.processor_s(self._system), time.perf_counter()
        yield
        took_s, after = time.perf_counter() - started, ground.processor_s(self._system)
        used = ", ".join(f"{name} {after[name] - before[name]:.1f} s" for name in PROCESSES)
        ground.tell(what, [("took", f"{took_s:.1f} s"), ("processor time", used), ("its peak", f"{roster.peak_mb(self._system):.0f} MB")])

    def timed(self, what: str, work: Callable[[], object]) -> None:
        """Tell how long ``work`` takes, the first time and then at the median."""
        seconds = []
        for _ in range(TIMES + 1):
            started = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - started)
        ground.tell(what, [("first, then", f"{seconds[0] * 1_000:.1f} ms, {percentile(seconds[1:], 0.5) * 1_000:.1f} ms")])


def _lists(sheet: Sheet, db: Database[Document], http: httpx.Client) -> None:
    for path in ("people", "units", *FEW_UNITS, "security-list", "vacant-units", "contacts-due", "visits-due"):
        sheet.timed(f"GET {path}", lambda path=path: http.get(f"/v1/projects/{ground.PROJECT}/{path}").raise_for_status())  # type: ignore[misc]
    read, ended = Reading(db), {"$gt": "", "$lte": (now() - timedelta(days=5 * 365)).date().isoformat()}
    somebody = read.page(PEOPLE, HERE, None, 1).items[0]
    sheet.timed("wishes of a number", lambda: read.where(PEOPLE, {**HERE, "prints": somebody.phones[0].fingerprint}))
    sheet.timed("whose file may have run out", lambda: read.where(UNITS, {**HERE, "ties.until": ended}, limit=0))


def _searched(system: System, db: Database[Document], filed: list[search.Resident]) -> None:
    keys, chance = Settings.from_env().field_keys, random.Random(2)
    sealer = Sealer(*keys, kept=StoredKeys(db, keys))
    search.fill_vehicles(db, sealer, VEHICLES)
    labels = [roster.label(number) for number in chance.sample(range(len(filed)), QUERIES)]
    plates = [search.plate(number) for number in chance.sample(range(VEHICLES), QUERIES)]
    search.tell(len(filed), list(search.measured(search.Desk(system, db, sealer), chance.sample(filed, QUERIES), labels, plates)))


@click.command()
@click.option("--rows", default=100_000, show_default=True)
@click.option("--bare", is_flag=True, help="Write the same documents bare, too.")
def main(rows: int, bare: bool) -> None:
    """Measure and print."""
    filed = search.residents(rows, random.Random(1))
    with ground.running([SPEC.name]) as system, closing(connect(system.settings.mongo_uri)) as client:
        headers = {"Authorization": f"Bearer {own_token(OPERATOR)}"}
        sheet, db = Sheet(system), database(client, SPEC.name)
        with Client() as operator, httpx.Client(base_url=system.url, headers=headers, timeout=60) as http:
            operator.call("residents", "open_project", within_s=20, body=search.OPENING)
            with sheet.measuring(f"{rows} rows imported"):
                done = roster.imported(http, roster.roster(filed))
            looks = ", ".join(f"p{share * 100:.0f} {percentile(done.looks, share):.2f} s" for share in (0.5, 0.99, 1.0))
            ground.tell("asked meanwhile how far it is", [(f"{len(done.looks)} times", looks)])
            _searched(system, db, filed)
            _lists(sheet, db, http)
            if bare:
                with sheet.measuring("the same documents bare"):
                    roster.written_bare(client)
            with sheet.measuring("taken back"):
                started = time.perf_counter()
                answer = http.post(f"/v1/projects/{ground.PROJECT}/roster-runs/{done.run}/undo")
                roster.followed(http, answer.raise_for_status().json(), started)


if __name__ == "__main__":
    main()
