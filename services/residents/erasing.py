"""Erasure at somebody's wish: what is asked of it, and what follows when others have agreed (PIPL art. 47, docs/privacy.md)."""

from __future__ import annotations

from services.residents.desk import Desk, View, answered, page, save, told
from services.residents.destroying import drop_held
from services.residents.model import Person, Unit, erasures, on_file, parts
from services.residents.model.erasures import OPEN, Erasure, ErasureState, Weighed
from services.residents.purging import Purging
from services.residents.schemas.erasures import ErasureView
from services.residents.sealing import sought
from services.residents.store import CASES, ERASURES, PEOPLE, VEHICLES
from services.residents.underway import needs, units_of
from steward.errors import AlreadyExists, NotFound, StewardError, Unavailable
from steward.facts import Decision
from steward.ids import new_id
from steward.store.work import Work
from steward.trust.approvals import Approval

ERASURE = "erasure"
"""What it is called where others are asked to agree to it."""


class Erasing:
    """What is asked of wishes to be forgotten."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._store = desk, desk.store

    def ask(self, project: str, person: str, body: View) -> View:
        """Look at what must be kept of ``person``, and ask others to agree that the rest goes now, and that in its time.

        Raises NotFound, AlreadyExists while one is open, Unavailable while somebody who holds copies cannot say what is under way.
        """
        weighed = self._weighed(self._desk.person(project, person))
        erasure = erasures.asked(new_id(), project, person, body["reason"], self._desk.stamp, weighed)
        with self._store.work() as work:
            work.apply(PEOPLE, Decision(work.load(PEOPLE, person, project)))  # two who ask at one moment come one after the other
            if (open_one := self._open(work, project, person)) is not None:
                raise AlreadyExists("is asked for already", erasure=open_one.id)
            approval = self._desk.approving.ask(work, project, ERASURE, person, body["reason"])
            return answered(work, ErasureView, work.apply(ERASURES, erasures.ask(erasure, approval.id)))

    def listed(self, project: str, person: str, query: View) -> View:
        """What was wished of ``person``, the latest first; of a file that is gone, too."""
        self._store.read.get(PEOPLE, person, project)
        found = self._store.read.page(ERASURES, {"project": project, "person": person}, query["cursor"], query["limit"])
        return page(ErasureView, found.items, found.next)

    def get(self, project: str, person: str, erasure: str) -> View:
        """One of these."""
        found = self._store.read.get(ERASURES, erasure, project)
        if found.person != person:
            raise NotFound(f"no erasure {erasure!r} here")
        return told(ErasureView, found)

    def withdraw(self, project: str, person: str, erasure: str) -> View:
        """They want no longer that what is kept goes. Raises NotFound, IllegalTransition when it is not kept."""
        with self._store.work() as work:
            state = work.load(ERASURES, erasure, project, seen=lambda known: known.person == person)
            drop_held(work, project, person, lambda held: held.wish == erasure)
            return answered(work, ErasureView, work.apply(ERASURES, erasures.withdraw(state, self._desk.context.now)))

    def agreed(self, work: Work, approval: Approval) -> None:
        """All who must agree have: look again, and have the purge take what may still go. Raises Unavailable."""
        erasure, person, now = self._asked(work, approval), work.find(PEOPLE, approval.subject), self._desk.context.now
        if erasure is None or person is None:
            return  # the file's time ran out meanwhile
        if not on_file(person):  # the roster that brought it was taken back
            work.apply(ERASURES, erasures.file_gone(erasure, now))
            return
        saved = work.apply(ERASURES, erasures.agree(erasure, self._weighed(person), now))
        if saved.state is ErasureState.AGREED:
            Purging(self._desk).run(work, saved)

    def not_agreed(self, work: Work, approval: Approval) -> None:
        """Not all have, and will not."""
        erasure = self._asked(work, approval)
        if erasure is not None:
            save(work, ERASURES, erasure, erasures.not_agreed(erasure, approval.state, self._desk.context.now))

    def _asked(self, work: Work, approval: Approval) -> Erasure | None:
        erasure = self._open(work, approval.project, approval.subject)
        return erasure if erasure is not None and erasure.approval == approval.id else None

    def _open(self, work: Work, project: str, person: str) -> Erasure | None:
        return next((one for one in work.where(ERASURES, {"project": project, "person": person}) if one.state in OPEN), None)

    def _weighed(self, person: Person) -> Weighed:
        """What must be kept of ``person``, by whom, and what may go."""
        units = units_of(self._desk, person.project, person.id)
        held = {service: self._held_by(service, person, units) for service in self._desk.policy(person.project)["retention"]["holders"]}
        needed = needs(self._desk, person.project, {person.id}, self._desk.today(person.project))[person.id]
        needed |= {service: None for service, count in held.items() if count["under_way"]}
        grounds = erasures.grounds(self._desk.policy(person.project)["erasure"]["grounds"], needed)
        about = {"project": person.project, "person": person.id}
        vehicles = self._store.read.where(VEHICLES, about, limit=0)
        cases = self._store.read.where(CASES, {"project": person.project, "unit": {"$in": [unit.id for unit in units]}}, limit=0)
        theirs = [case for case in cases if person.id in (case.person, case.agent)]
        over = sum(count["held"] - count["under_way"] for count in held.values())
        return erasures.weigh(parts.there(person, vehicles, theirs, over), grounds)

    def _held_by(self, service: str, person: Person, units: list[Unit]) -> dict[str, int]:
        try:
            body = sought(self._desk.sealer, person, units)
            counted: dict[str, int] = getattr(self._desk.remote, service).copies_held(project=person.project, person=person.id, body=body)
        except StewardError as error:
            raise Unavailable(f"what is under way in {service} cannot be known at present: {error.kind}") from error
        return counted
