"""What those are called of whom views, events and the audit trail say by id that they did something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from services.identity.companies import Companies
from services.identity.model import ApiKey, User, companies
from services.identity.model.keys import HOLDER
from services.identity.model.users import known_in
from services.identity.schemas import commands, views
from services.identity.store import KEYS, USERS
from steward.store.reading import Reading
from steward.store.repository import Aggregate, Repository
from steward.trust.principals import EVERYWHERE, USER

A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True)
class Names:
    """Names of users and API keys, told to those who meet them in one project."""

    read: Reading
    companies: Companies

    def of(self, project: str, ids: Iterable[str]) -> dict[str, Any]:
        """The name of each of ``ids`` (``user:…``, ``key:…``) that is known in ``project``, whether or not they may still log in."""
        wanted = sorted(set(ids))
        users = (user for user in self._found(USERS, USER, wanted) if known_in(project, {*user.staffed, *user.once}))
        keys = (key for key in self._found(KEYS, HOLDER, wanted) if known_in(project, self._held(key)))
        return _view([*(_named(USER, user) for user in users), *(_named(HOLDER, key) for key in keys)])

    def colleagues(self, project: str) -> dict[str, Any]:
        """The names of the staff of ``project`` who may log in, so that one of them can be chosen."""
        places = [{f"grants.{place}": {"$exists": True}} for place in (project, EVERYWHERE)]
        found = self.read.where(USERS, {"project": EVERYWHERE, "active": True, "$or": [*places, {"companies": {"$gt": ""}}]})
        return _view([_named(USER, user) for user in found if known_in(project, user.staffed)][: commands.MAX_COLLEAGUES])

    def _found(self, repository: Repository[A], prefix: str, wanted: list[str]) -> list[A]:
        ids = [one.removeprefix(prefix) for one in wanted if one.startswith(prefix)]
        return self.read.where(repository, {"_id": {"$in": ids}}, limit=len(ids)) if ids else []

    def _held(self, key: ApiKey) -> Iterable[str]:
        return companies.expanded(key.grants, self.companies.known(key.grants))


def _named(prefix: str, one: User | ApiKey) -> dict[str, str]:
    return {"id": prefix + one.id, "name": one.name}


def _view(items: list[dict[str, str]]) -> dict[str, Any]:
    view: dict[str, Any] = views.NamesView().dump({"items": items})
    return view
