"""Destroying files, when their time has run out or at somebody's wish: what is asked of it, and what is due (docs/privacy.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from time import monotonic
from typing import Any

from dateutil.relativedelta import relativedelta

from services.residents import model
from services.residents.desk import Desk, View, answered, page, save, told
from services.residents.destroying import destroy
from services.residents.model import Project, Role, Tie, Unit, erasures, purges
from services.residents.model.erasures import Erasure, ErasureState, Ground
from services.residents.model.purges import Hold, Purge, PurgeState, Report
from services.residents.schemas.purges import HoldsView, HoldView, IdentitiesView, PurgeView, ReviewView
from services.residents.store import ERASURES, HOLDS, PEOPLE, PROJECTS, PURGES, REVIEWS, UNITS
from services.residents.underway import Needed, needs, units_of
from steward.bus.envelope import Envelope
from steward.errors import Unavailable
from steward.facts import Decision
from steward.ids import derived_id
from steward.store.work import Work

_MOST = 10_000
_YEARS = 30
"""So many are looked through one by one, so that no more is in memory at once than ended within one."""


class Purging:
    """What is asked of purges and holds, and what is due."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store = desk, desk.store

    def listed(self, project: str, query: View) -> View:
        """Purges, the latest first: what is held and why, what waits for whom, what was destroyed."""
        self._desk.project(project)
        wanted = {name: str(query[name]) for name in ("state", "person") if query[name] is not None}
        found = self._store.read.page(PURGES, {"project": project, **wanted}, query["cursor"], query["limit"])
        return page(PurgeView, found.items, found.next)

    def get(self, project: str, purge: str) -> View:
        """One of them."""
        return told(PurgeView, self._store.read.get(PURGES, purge, project))

    def review(self, project: str) -> View:
        """Look through the files of ``project`` now, in place of tomorrow."""
        self._desk.project(project)
        with self._store.work() as work:
            work.keep(REVIEWS, {"_id": project, "project": project, "day": None}, as_of=self._desk.context.now)
            return answered(work, ReviewView, {"project": project, "asked": self._desk.stamp})

    def holds(self, project: str, person: str) -> View:
        """All that were placed on the file, those released too. Raises NotFound when there is none."""
        self._desk.person(project, person)
        return told(HoldsView, {"items": self._store.read.where(HOLDS, {"project": project, "person": person})})

    def place(self, project: str, person: str, body: View) -> View:
        """Somebody needs the file on a ground of theirs. Raises NotFound when there is none."""
        state = self._desk.person(project, person)
        fresh = Hold(derived_id(state.registered_at, "hold", person, body["ground"]), project, person, body["ground"], self._desk.stamp)
        with self._store.work() as work:
            before = work.find(HOLDS, fresh.id)
            return answered(work, HoldView, save(work, HOLDS, before, purges.place_hold(before, fresh)))

    def release(self, project: str, person: str, hold: str) -> View:
        """They need it no longer. Raises NotFound, IllegalTransition."""
        with self._store.work() as work:
            state = work.load(HOLDS, hold, project, seen=lambda known: known.person == person)
            return answered(work, HoldView, work.apply(HOLDS, purges.release_hold(state, self._desk.stamp)))

    def identities(self, project: str, person: str) -> View:
        """By what somebody is known, in clear: for services that take out what they hold of them."""
        state, opened = self._desk.person(project, person), self._desk.sealer.open
        return told(IdentitiesView, {"name": opened(state.name), "phones": [opened(phone.text) for phone in state.phones]})

    def heard(self, event: Envelope) -> None:
        """A service has taken out what it held. With the last of them the file goes."""
        data = event.data
        report = Report(event.type.partition(".")[0], data["forgotten"], data["kept"], event.time)
        with self._store.work() as work:
            purge = work.find(PURGES, data["purge"])
            if purge is not None and purge.project == event.project:
                self._settle(work, purge, purges.heard(purge, data["round"], report))

    def due(self) -> None:
        """Look through each project once a day, as soon as the day has begun there; days that nothing ran are made up for."""
        until = monotonic() + self._desk.policy("")["sweep"]["most_s"]
        homes = self._store.read.where(PROJECTS, {}, limit=_MOST)
        reviewed = {document["_id"]: document["day"] for document in self._store.read.plain_where(REVIEWS, {})}
        for home in homes:
            today = model.today(home, self._desk.context.now)
            if monotonic() > until:
                return
            if reviewed.get(home.id) != today.isoformat():
                self._look_through(home, today)

    def _look_through(self, home: Project, today: date) -> None:
        key = f"{self._desk.context.key}:{home.id}"
        for people in self._former(home, today):
            for person, ties in self._due(home, people, today).items():
                with self._store.work(key=f"{key}:{person}", lenient=True) as work:
                    self._consider(work, home, person, ties, today)
        for wish, found in self._waiting(home, today):
            with self._store.work(key=f"{key}:{wish}", lenient=True) as work:
                self._look_again(work, wish, found)
        with self._store.work(key=key, lenient=True) as work:
            # As of the beginning: what somebody asked for meanwhile is looked through next.
            work.keep(REVIEWS, {"_id": home.id, "project": home.id, "day": today.isoformat()}, as_of=self._desk.context.now)

    def _former(self, home: Project, today: date) -> Iterator[list[str]]:
        """People who ceased to own something so long ago that their time may have run out, some at a time, nobody twice."""
        seen: set[str] = set()
        size = self._desk.policy(home.id)["sweep"]["batch"]
        for ended in _before(today - relativedelta(years=self._years(home.id))):
            found = self._store.read.where(UNITS, {"project": home.id, "ties.until": ended}, limit=0)
            people = sorted({tie.person for unit in found for tie in unit.ties if tie.role is Role.OWNER and tie.until} - seen)
            seen.update(people)
            yield from (people[start : start + size] for start in range(0, len(people), size))

    def _due(self, home: Project, people: list[str], today: date) -> Mapping[str, Mapping[str, list[Tie]]]:
        """The ties by unit of those of ``people`` who are on file still and whose time has run out."""
        there = [one.id for one in self._store.read.where(PEOPLE, {"_id": {"$in": people}}, limit=0) if model.on_file(one)]
        ties: dict[str, dict[str, list[Tie]]] = {person: {} for person in there}
        tied = {"project": home.id, "tied": {"$in": there}}
        for unit in self._store.read.where(UNITS, tied, limit=0) if there else ():
            for tie in unit.ties:
                if tie.person in ties:
                    ties[tie.person].setdefault(unit.id, []).append(tie)
        return {person: known for person, known in ties.items() if self._kept_until(home, known, today) <= today}

    def _kept_until(self, home: Project, ties: Mapping[str, list[Tie]], today: date) -> date:
        known = [tie for some in ties.values() for tie in some]
        return model.keep_until(known, today, self._years(home.id)) or date.max

    def _consider(self, work: Work, home: Project, person: str, ties: Mapping[str, list[Tie]], today: date) -> None:
        years, kept_until = self._years(home.id), self._kept_until(home, ties, today)
        state = work.find(PEOPLE, person)
        if state is None or not model.on_file(state) or self._under_way(work, home.id, person):
            return
        name = derived_id(datetime.combine(kept_until, time(), UTC), "purge", person)
        before = work.find(PURGES, name)
        self._begin(work, before, before or Purge(name, home.id, person, kept_until, years))

    def _waiting(self, home: Project, today: date) -> Iterator[tuple[str, tuple[Ground, ...]]]:
        """The wishes that were agreed to and are not done, with the grounds that keep them today, unless these are the same as before."""
        waiting = {"project": home.id, "state": {"$in": [state.value for state in erasures.WAITING]}}
        wishes, size = self._store.read.where(ERASURES, waiting, limit=0), self._desk.policy(home.id)["sweep"]["batch"]
        for some in (wishes[start : start + size] for start in range(0, len(wishes), size)):
            needed = needs(self._desk, home.id, {wish.person for wish in some}, today)
            looked = ((wish, self._found(wish, needed[wish.person])) for wish in some)
            yield from ((wish.id, found) for wish, found in looked if not found or erasures.look(wish, found) != Decision(wish))

    def _found(self, wish: Erasure, needed: Needed) -> tuple[Ground, ...]:
        """What keeps it: what is ``needed`` here and, beside that, what was under way elsewhere. That alone shows when others are asked."""
        elsewhere = [ground for ground in wish.grounds if ground.name in self._holders(wish.project)] if needed else []
        return (*erasures.grounds(self._grounds(wish.project), needed), *elsewhere)

    def _look_again(self, work: Work, name: str, found: Sequence[Ground]) -> None:
        """What is left of a wish goes once nothing needs it any more."""
        wish, now = work.find(ERASURES, name), self._desk.context.now
        if wish is None or wish.state not in erasures.WAITING:
            return
        person = work.find(PEOPLE, wish.person)
        if person is None or not model.on_file(person):
            work.apply(ERASURES, erasures.file_gone(wish, now))
        elif not self._under_way(work, wish.project, wish.person):
            looked = save(work, ERASURES, wish, erasures.look(wish, found))
            if looked.state is ErasureState.AGREED:
                self.run(work, looked)

    def run(self, work: Work, wish: Erasure) -> None:
        """Begin the purge of what may go of ``wish``. Raises Unavailable while another one of that person's file is under way."""
        if self._under_way(work, wish.project, wish.person):
            raise Unavailable("of this file some is being destroyed already")
        purge = erasures.purge_of(wish, self._desk.today(wish.project))
        before = work.find(PURGES, purge.id)
        self._begin(work, before, purges.resumed(purge, before))

    def _under_way(self, work: Work, project: str, person: str) -> bool:
        return any(one.state is PurgeState.ASKED for one in work.where(PURGES, {"project": project, "person": person}))

    def _begin(self, work: Work, before: Purge | None, purge: Purge) -> None:
        ties = _ties_of(purge.person, units_of(self._desk, purge.project, purge.person))
        decision = purges.consider(purge, self._holds(purge), self._holders(purge.project), ties, self._desk.context.now)
        if decision.state.missing and (person := work.find(PEOPLE, purge.person)):
            work.apply(PEOPLE, Decision(person))  # of two that begin at one moment, one is first
        self._settle(work, before, decision)

    def _settle(self, work: Work, before: Purge | None, decision: Decision[Purge]) -> None:
        """Save what was decided; when nobody is left who must report, what is to go goes with it, or is held after all."""
        if before is not None and decision == Decision(before):
            return
        if decision.state.reported:
            decision = purges.conclude(decision, self._holds(decision.state), self._desk.context.now)
        if decision.state.state is PurgeState.DONE:
            destroy(self._desk, work, decision.state)
        self._follow(work, work.apply(PURGES, decision))

    def _follow(self, work: Work, purge: Purge) -> None:
        """Whoever wished for it is told what became of it."""
        wish = work.known(ERASURES, purge.wish) or work.find(ERASURES, purge.wish) if purge.wish else None
        if wish is not None:
            save(work, ERASURES, wish, erasures.follow(wish, purge, self._grounds(purge.project), self._desk.context.now))

    def _holds(self, purge: Purge) -> tuple[str, ...]:
        return tuple(needs(self._desk, purge.project, {purge.person}, self._desk.today(purge.project))[purge.person])

    def _holders(self, project: str) -> tuple[str, ...]:
        """The services that hold copies."""
        return tuple(self._desk.policy(project)["retention"]["holders"])

    def _grounds(self, project: str) -> Mapping[str, Any]:
        rows: Mapping[str, Any] = self._desk.policy(project)["erasure"]["grounds"]
        return rows

    def _years(self, project: str) -> int:
        years: int = self._desk.policy(project)["units"]["former_owner_years"]
        return years


def _ties_of(person: str, units: list[Unit]) -> dict[str, list[Tie]]:
    return {unit.id: [tie for tie in unit.ties if tie.person == person] for unit in units}


def _before(last: date) -> Iterator[dict[str, str]]:
    """Days as a query has them: the year up to ``last``, each one before it, and what is older."""
    for _ in range(_YEARS):
        first = last - relativedelta(years=1)
        yield {"$gt": first.isoformat(), "$lte": last.isoformat()}
        last = first
    yield {"$gt": "", "$lte": last.isoformat()}  # above what has not ended
