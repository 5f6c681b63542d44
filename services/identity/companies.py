"""Companies as they are kept: heard of with their projects, and looked up where something is granted in one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.identity import model
from services.identity.logins import Logins
from services.identity.model import Company, User, companies
from services.identity.store import COMPANIES, ROLLS, USERS
from steward.errors import BadInput
from steward.facts import Decision
from steward.store.provider import StoreOf
from steward.store.work import Work
from steward.trust.principals import COMPANY, Principal


@dataclass(frozen=True)
class Companies:
    """The companies of one installation. ``staffing`` is the policy's table."""

    store: StoreOf
    logins: Logins
    staffing: Mapping[str, Any]

    def opened(self, company: str, project: str) -> None:
        """``project`` is of ``company``: whoever is granted something there holds it in the project, in running sessions too."""
        place = COMPANY + company
        with self.store.work() as work:
            decision = companies.opened(work.find(COMPANIES, place) or Company(place), project)
            if decision is None:
                return
            known = work.apply(COMPANIES, decision)
            users = [work.apply(USERS, model.widen(user, place, known.projects)) for user in work.where(USERS, {"companies": place})]
            for user in users:
                self.logins.renew_all(work, user)
            self._enrol(work, users)

    def estates(self, work: Work, places: Iterable[str], field: str = "grants") -> companies.Estates:
        """The projects of those ``places`` that are companies. Raises BadInput (``field``) for one of which nobody has heard."""
        found = {}
        for place in companies.companies_in(places):
            company = work.find(COMPANIES, place)
            if company is None:
                raise BadInput.of(field, f"there is no {place}")
            found[place] = company.projects
        return found

    def guard(self, work: Work, estates: companies.Estates) -> None:
        """``work`` counts on ``estates``, which it has looked up: it begins anew if a project is opened meanwhile."""
        for place in estates:
            company = work.known(COMPANIES, place)
            if company:
                work.apply(COMPANIES, Decision(company))

    def known(self, places: Iterable[str]) -> companies.Estates:
        """As :meth:`estates`, for who only reads; of companies that there are not, nothing."""
        wanted = companies.companies_in(places)
        found = self.store.read.where(COMPANIES, {"_id": {"$in": wanted}}, limit=len(wanted)) if wanted else []
        return {company.id: company.projects for company in found}

    def as_given(self, principal: Principal) -> Principal:
        """``principal`` as people are shown it: what is granted in a company is not told of each project again."""
        return replace(principal, grants=companies.as_given(principal.grants, self.known(principal.grants)))

    def _enrol(self, work: Work, users: Iterable[User]) -> None:
        """The rolls know where ``users`` hold their role now; in one place more, so that none of them gets empty."""
        for role in self.staffing["never_empty"]:
            roll = before = work.find(ROLLS, role)
            for user in users:
                roll = model.enrolled(roll, user) if roll else None
            if roll and roll != before:
                work.apply(ROLLS, Decision(roll))
