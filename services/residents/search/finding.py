"""Searching: what a query may mean, read from the store the best match first, page by page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from services.residents import model, phones, sealing
from services.residents.model import Person, Unit, Vehicle
from services.residents.search import tokens, words
from services.residents.search.words import Match
from services.residents.store import PEOPLE, UNITS, VEHICLES
from steward.errors import BadInput
from steward.store.reading import Reading
from steward.store.repository import Repository
from steward.trust.sealing import Sealer

_RANK = {match: rank for rank, match in enumerate(Match)}


@dataclass(frozen=True)
class Hit:
    """Something found, and by what."""

    match: Match
    found: Person | Unit | Vehicle


@dataclass(frozen=True)
class Tier:
    """One thing that a query may mean: where it is looked for, and under what. ``token`` is there for people.

    ``broad``: so many are found by it that they are never read at once.
    """

    match: Match
    repository: Repository[Any]
    query: dict[str, str]
    token: str = ""
    broad: bool = False


class Finder:
    """Finds people, units and vehicles of one project. ``country`` is that of phone numbers without a country code."""

    def __init__(self, read: Reading, sealer: Sealer, project: str, country: str) -> None:
        self._read, self._sealer, self._project, self._country = read, sealer, project, country

    def find(self, query: str, cursor: str | None, limit: int) -> tuple[list[Hit], str | None]:
        """At most ``limit`` hits after ``cursor``, and the cursor of those that follow. Raises BadInput (cursor).

        The best match first; of those that match as well, who was filed last. Whoever matches twice is told once.
        """
        tiers = sorted(self._tiers(query), key=lambda tier: _RANK[tier.match])
        few = self._few(tiers, limit) if cursor is None else None
        found = self._walk(tiers, _decoded(cursor) if cursor else (0, None), limit + 1, few)
        return found[:limit], _cursor(found[limit - 1]) if len(found) > limit else None

    def _tiers(self, query: str) -> Iterator[Tier]:
        yield Tier(Match.UNIT, UNITS, {"project": self._project, "label": query.strip()})
        try:
            plate = self._sealer.fingerprint(model.plate_text(query))
            yield Tier(Match.PLATE, VEHICLES, {"project": self._project, "plates": plate})
        except BadInput:
            pass  # then it is none
        number = phones.normalised(query, self._country)
        for word in [*([(Match.PHONE, number)] if number else []), *words.asked(query)]:
            token = tokens.token(self._sealer, self._project, word)
            yield Tier(word[0], PEOPLE, {"project": self._project, "tokens": token}, token, words.broad(word))

    def _few(self, tiers: list[Tier], limit: int) -> dict[Match, list[Hit]] | None:
        """All that is not found by broad tiers, by tier, in one read of each collection; None where that is more than a page."""
        ranked = {tier.token: tier.match for tier in tiers if tier.token}
        few: dict[Match, list[Hit]] = {tier.match: [] for tier in tiers if not tier.broad}
        for tier in tiers:
            if not tier.token:
                few[tier.match] += [Hit(tier.match, one) for one in self._read.newest(tier.repository, tier.query, None, limit + 1)]
        narrow = sorted(tier.token for tier in tiers if tier.token and not tier.broad)
        if narrow:
            people = self._read.newest(PEOPLE, {"project": self._project, "tokens": {"$in": narrow}}, None, limit + 1)
            if len(people) > limit:
                return None
            for person in people:
                few.get(_best(ranked, person), []).append(Hit(_best(ranked, person), person))
        return few

    def _walk(self, tiers: list[Tier], start: tuple[int, str | None], count: int, few: Mapping[Match, list[Hit]] | None) -> list[Hit]:
        """So many hits from ``start`` (rank, and id after which) on, rank by rank; those of ``few`` are read already."""
        found: list[Hit] = []
        for place, tier in enumerate(tiers):
            rank = _RANK[tier.match]
            if rank < start[0] or len(found) >= count:
                continue
            if few is not None and tier.match in few:
                found += few[tier.match][: count - len(found)]
                continue
            better = {earlier.token for earlier in tiers[:place] if earlier.token}
            below = start[1] if rank == start[0] else None
            found += self._of_tier(tier, better, below, count - len(found))
        return found

    def _of_tier(self, tier: Tier, better: set[str], below: str | None, count: int) -> list[Hit]:
        known = self._read.latest(tier.repository, tier.query, below, count) if tier.broad else self._narrow(tier, below, count)
        fresh = (one for one in known if not better.intersection(getattr(one, "tokens", ())))
        return [Hit(tier.match, one) for one in islice(fresh, count)]

    def _narrow(self, tier: Tier, below: str | None, count: int) -> Iterator[Any]:
        while True:
            read = self._read.newest(tier.repository, tier.query, below, count)
            yield from read
            if len(read) < count:
                return
            below = read[-1].id


def _best(ranked: Mapping[str, Match], person: Person) -> Match:
    return min((ranked[token] for token in person.tokens if token in ranked), key=_RANK.__getitem__)


def _cursor(hit: Hit) -> str:
    return base64.urlsafe_b64encode(f"{_RANK[hit.match]}:{hit.found.id}".encode()).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[int, str | None]:
    try:
        rank, _, last = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
        if not last or int(rank) not in _RANK.values():
            raise ValueError("none of ours")
        return int(rank), last
    except (binascii.Error, ValueError) as error:
        raise BadInput.of("cursor", "is not one that a page gave") from error


def shown(hit: Hit, sealer: Sealer) -> dict[str, Any]:
    """``hit`` as a page shows it: what kind it is, how it matches, and the person, unit or vehicle."""
    kind: str = "unit"
    view: object = hit.found
    if isinstance(hit.found, Person):
        kind, view = "person", sealing.shown(sealer, hit.found)
    elif isinstance(hit.found, Vehicle):
        kind, view = "vehicle", sealing.shown_vehicle(sealer, hit.found)
    return {**dict.fromkeys(("person", "unit", "vehicle")), "kind": kind, "match": hit.match, kind: view}
