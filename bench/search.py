"""Searching among many residents: each kind of query, beside the one indexed read that it cannot do without.

``python -m bench.search [--people 100000] [--queries 60]``; against MongoDB: ``STEWARD_MONGO_URI=…``.

People are written into the store as the service keeps them, with names as common and as rare as in life. *Ours* is what the service
does for a query: tokens, reads, ranks, opening what is sealed, the view. *Bare* reads by the one token and opens nothing. Over HTTP
comes the way through gateway and broker on top.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

import click
import httpx
from pymongo.database import Database

from bench import ground
from services.residents import sealing
from services.residents.desk import told
from services.residents.model import Person, Stamp, Unit, Use, Vehicle
from services.residents.schemas.people import PersonView
from services.residents.search import readings, tokens
from services.residents.search.finding import Finder
from services.residents.search.words import Match
from services.residents.store import PEOPLE, UNITS, VEHICLES
from steward.bus.client import OPERATOR, Client
from steward.bus.tokens import own_token
from steward.ids import id_at
from steward.replay.ledger import percentile
from steward.settings import Settings
from steward.store.client import Document, connect, database
from steward.store.keys import StoredKeys
from steward.store.reading import PAGE_LIMIT, Reading
from steward.testing.system import System
from steward.times import now
from steward.trust.sealing import Sealer

AIM = 5.0
"""A query against the bare read of the same run, at the median."""
COUNTRY = "CN"
OPENING = {"id": ground.PROJECT, "code": "YH", "name": "英湖花园", "name_en": "Yinghu", "timezone": "Asia/Shanghai", "company": "acme"}
SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
    "石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史黎贺顾毛郝龚邵万单仇"
)
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉玲红建国华志飞鑫波斌宇浩凯健俊帆雪荣慧雨晨子轩梓涵欣怡"
_AT_ONCE = 50
"""As rosters commit: of more, the embedded store may have more pages dirty than it can bear (docs/decisions/0005-embedded-store.md)."""
_HTTP = 15


@dataclass(frozen=True)
class Resident:
    """Somebody on file, in clear."""

    name: str
    phone: str

    @property
    def syllables(self) -> list[str]:
        """Their name as it is commonly read."""
        return [readings.of_character(character)[0] for character in self.name]


@dataclass(frozen=True)
class Kind:
    """A kind of query: what is typed to find somebody, and the bare read for it."""

    title: str
    match: Match
    typed: Callable[[Resident], str]


KINDS = (
    Kind("phone, whole", Match.PHONE, lambda who: who.phone),
    Kind("phone, last 4", Match.PHONE_END, lambda who: who.phone[-4:]),
    Kind("name, whole", Match.NAME, lambda who: who.name),
    Kind("name, two characters of three", Match.NAME_PREFIX, lambda who: who.name[:2]),
    Kind("name, surname alone", Match.NAME_PREFIX, lambda who: who.name[:1]),
    Kind("pinyin, whole", Match.PINYIN, lambda who: "".join(who.syllables)),
    Kind("pinyin, surname alone", Match.PINYIN_PREFIX, lambda who: who.syllables[0]),
    Kind("initials, three", Match.INITIALS, lambda who: "".join(syllable[0] for syllable in who.syllables)),
    Kind("initials, two of three", Match.INITIALS_PREFIX, lambda who: "".join(syllable[0] for syllable in who.syllables[:2])),
)


def residents(count: int, chance: random.Random) -> list[Resident]:
    """Surnames by Zipf's law, given names of two characters."""
    weights = [1 / (rank + 2) for rank in range(len(SURNAMES))]
    surnames = chance.choices(SURNAMES, weights, k=count)
    return [Resident(name + "".join(chance.choices(GIVEN, k=2)), _phone(chance)) for name in surnames]


def _phone(chance: random.Random) -> str:
    return f"1{chance.choice((30, 35, 38, 50, 59, 80, 86, 89))}{chance.randrange(10**8):08d}"


def _filed(sealer: Sealer, people: list[Resident]) -> Iterator[Document]:
    since = now() - timedelta(days=1000)
    for number, who in enumerate(people):
        moment = since + timedelta(minutes=number)
        person = Person(
            f"{id_at(moment)[:20]}{number:06d}", ground.PROJECT, f"k{number}", sealer.seal(who.name), (sealing.sealed(sealer, who.phone),),
            "zh-CN", moment, tokens=tokens.of_person(sealer, ground.PROJECT, who.name, [who.phone]), searchable=tokens.VERSION, version=1,
        )  # fmt: skip
        yield {**PEOPLE.to_document(person), "_order": 0}


def _fill(db: Database[Document], collection: str, documents: Iterator[Document]) -> None:
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == _AT_ONCE:
            db[collection].insert_many(batch)
            batch = []
    if batch:
        db[collection].insert_many(batch)


def _units(count: int) -> Iterator[Document]:
    for number in range(count):
        unit = Unit(f"u{number}", ground.PROJECT, _label(number), str(number // 100), 80.0, Use.RESIDENTIAL, now(), version=1)
        yield {**UNITS.to_document(unit), "state": "vacant", "_order": 0}


def _vehicles(sealer: Sealer, count: int) -> Iterator[Document]:
    stamp = Stamp(datetime(2026, 1, 1, tzinfo=UTC), "user:li")
    for number in range(count):
        vehicle = Vehicle(f"v{number}", ground.PROJECT, sealing.sealed(sealer, plate(number)), "p", "u", stamp, version=1)
        yield {**VEHICLES.to_document(vehicle), "_order": 0}


def _label(number: int) -> str:
    return f"{number // 100}-{number % 100 // 4 + 1:02d}{number % 4 + 1:02d}"


def fill_vehicles(db: Database[Document], sealer: Sealer, count: int) -> None:
    """So many vehicles, as the service keeps them."""
    _fill(db, "vehicles", _vehicles(sealer, count))


def plate(number: int) -> str:
    """The plate of the vehicle of that number."""
    return f"粤B{number:05d}"


@dataclass(frozen=True)
class Measured:
    """Seconds of each query."""

    title: str
    ours: list[float]
    bare: list[float]
    http: list[float]
    hits: float

    @property
    def ratio(self) -> float:
        """Ours to bare, at the median."""
        return percentile(self.ours, 0.5) / percentile(self.bare, 0.5)


class Desk:
    """Searches in one system, in three ways; ``sealer`` is the one of what is on file there."""

    def __init__(self, system: System, db: Database[Document], sealer: Sealer) -> None:
        self._db, self.sealer = db, sealer
        self._finder = Finder(Reading(db), sealer, ground.PROJECT, COUNTRY)
        self._http = httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {own_token(OPERATOR)}"}, timeout=30)

    def measure(self, title: str, queries: list[str], collection: str, bare: Callable[[str], Document]) -> Measured:
        """Each query, ours and bare in turns, so that both meet the same machine."""
        documents = self._db[collection]
        ours, theirs, hits = [], [], 0
        for query in queries:
            theirs.append(_timed(lambda asked: list(documents.find(asked).limit(PAGE_LIMIT + 1)), bare(query)))
            ours.append(_timed(self._ours, query))
            hits += len(self._finder.find(query, None, PAGE_LIMIT)[0])
        return Measured(title, ours, theirs, [_timed(self._asked, query) for query in queries[:_HTTP]], hits / len(queries))

    def token(self, match: Match, text: str) -> Document:
        """The bare read of people."""
        return {"project": ground.PROJECT, "tokens": tokens.token(self.sealer, ground.PROJECT, (match, text))}

    def _ours(self, query: str) -> None:
        for hit in self._finder.find(query, None, PAGE_LIMIT)[0]:
            if isinstance(hit.found, Person):
                told(PersonView, sealing.shown(self.sealer, hit.found))

    def _asked(self, query: str) -> None:
        self._http.get(f"/v1/projects/{ground.PROJECT}/search", params={"q": query}).raise_for_status()


T = TypeVar("T")


def _timed(work: Callable[[T], object], argument: T) -> float:
    started = time.perf_counter()
    work(argument)
    return time.perf_counter() - started


def measured(desk: Desk, some: list[Resident], labels: list[str], plates: list[str]) -> Iterator[Measured]:
    """Every kind of query, for ``some`` who are on file, for units and for vehicles."""
    for kind in KINDS:
        yield desk.measure(kind.title, [kind.typed(who) for who in some], "people", partial(desk.token, kind.match))
    yield desk.measure("unit label", labels, "units", lambda query: {"project": ground.PROJECT, "label": query})
    yield desk.measure(
        "number plate", plates, "vehicles", lambda query: {"project": ground.PROJECT, "plates": desk.sealer.fingerprint(query)}
    )
    yield desk.measure("nobody", ["无此人"] * len(some), "people", lambda query: desk.token(Match.NAME, query))


@click.command()
@click.option("--people", default=100_000, show_default=True)
@click.option("--queries", default=60, show_default=True)
def main(people: int, queries: int) -> None:
    """Measure and print."""
    chance = random.Random(1)
    with ground.running(["residents"]) as system, closing(connect(system.settings.mongo_uri)) as client:
        with Client() as operator:
            operator.call("residents", "open_project", within_s=20, body=OPENING)
        db, keys = database(client, "residents"), Settings.from_env().field_keys
        sealer = Sealer(*keys, kept=StoredKeys(db, keys))
        filed, places = residents(people, chance), max(people // 5, queries)
        _fill(db, "units", _units(places))
        fill_vehicles(db, sealer, places)
        _fill(db, "people", _filed(sealer, filed))
        some, numbers = chance.sample(filed, queries), chance.sample(range(places), queries)
        labels, plates = [_label(number) for number in numbers], [plate(number) for number in numbers]
        found = list(measured(Desk(system, db, sealer), some, labels, plates))
    tell(people, found)
    ground.verdict(all(one.ratio <= AIM for one in found))


def tell(people: int, found: list[Measured]) -> None:
    """Print what was measured."""
    rows = [(one.title, f"{_ms(one.ours)} | {_ms(one.bare)} | ×{one.ratio:.1f} | {_ms(one.http)} | {one.hits:.0f}") for one in found]
    ground.tell(
        f"Search among {people} residents; p50 / p95 in ms",
        [("query", "ours | bare indexed read | ratio of p50 (aim at most ×5) | over HTTP | hits on the page"), *rows],
    )


def _ms(seconds: list[float]) -> str:
    return " / ".join(f"{percentile(seconds, share) * 1_000:.1f}" for share in (0.5, 0.95))


if __name__ == "__main__":
    main()
