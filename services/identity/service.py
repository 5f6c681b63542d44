"""What wakes the identity service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from services.identity import model, schemas
from services.identity.model import User
from services.identity.passwords import Passwords, passwords
from services.identity.spec import SPEC
from services.identity.store import GUARDS, ROLLS, USERS
from steward.bus.attempts import attempt
from steward.errors import AlreadyExists, BadInput, Conflict, NotAuthenticated, NotFound
from steward.facts import Decision
from steward.ids import new_id
from steward.service import Service, rpc, sweep
from steward.settings import Settings
from steward.store.work import Work
from steward.times import truncate
from steward.trust.principals import EVERYWHERE, Principal, sign

MANAGE = "identity.manage"
_USER = "user:"
_FORGET_AT_ONCE = 500
_USERS_MOST = 100_000
"""Users that a roll is made of when there is none yet."""

View = dict[str, Any]


@cache
def _token_key() -> str:
    return Settings.from_env().token_key


def _view(user: User) -> View:
    view: View = schemas.UserView().dump(user)
    return view


def _utc(field: str, moment: datetime) -> datetime:
    try:
        return truncate(moment.astimezone(UTC))
    except OverflowError as error:
        raise BadInput.of(field, "is at the end of time") from error


class Identity(Service):
    """Users, what they may do where, and how they log in."""

    spec = SPEC

    @rpc
    def log_in(self, body: dict[str, Any]) -> View:
        """A token for a right password. Raises NotAuthenticated, or Overloaded when the name is shut for a while.

        Not repeated for an idempotency key: the answer is a secret, and each attempt counts.
        """
        username, password = body["username"].strip().lower(), body["password"]
        guard = self._count_attempt(username)
        found = self.store.read.where(USERS, {"username": username}, limit=1)
        user = found[0] if found else None
        if not self._passwords.right(user.password_hash if user else None, password) or user is None or not user.active:
            raise NotAuthenticated("user name or password is wrong")
        hashed = self._passwords.renewed(user.password_hash, password)
        attempt(lambda: self._let_in(user, guard, hashed), recorded=lambda: None)  # again here, so that it counts once
        lifetime = timedelta(seconds=self._policy["token"]["lifetime_s"])
        principal = Principal(f"{_USER}{user.id}", user.name, user.grants)
        token = sign(principal, _token_key(), self.context.now, lifetime)
        told = {"access_token": token, "token_type": "Bearer", "expires_in": int(lifetime.total_seconds())}
        view: View = schemas.TokenView().dump({**told, "name": user.name, "grants": user.grants})
        return view

    @rpc
    def me(self) -> View:
        """Who the caller is, as the token says."""
        return self._me()

    @rpc
    def change_password(self, body: dict[str, Any]) -> View:
        """Another password for the caller, who knows the old one; wrong ones count as wrong log-ins do."""
        model.check_password(body["new"], self._policy["password"])
        user = self.store.read.get(USERS, self.context.principal.id.removeprefix(_USER))
        guard = self._count_attempt(user.username)
        if not self._passwords.right(user.password_hash, body["old"]):
            raise NotAuthenticated("the old password is wrong")
        hashed = self._passwords.hash(body["new"])
        with self.store.work() as work:
            work.apply(USERS, model.set_password(work.load(USERS, user.id), hashed))
            self._clear(work, guard)
            work.answer(self._me())
        return self._me()

    @rpc
    def add_user(self, body: dict[str, Any]) -> View:
        """A new user; whoever adds one must be admin wherever it is granted something."""
        for project in body["grants"] or [EVERYWHERE]:
            self.context.principal.require(MANAGE, project)
        model.check_password(body["password"], self._policy["password"])
        hashed = self._passwords.hash(body["password"])
        decision = model.add_user(new_id(), body["username"], body["name"], hashed, body["grants"], self.context.now)
        with self.store.work() as work:
            view = _view(work.apply(USERS, decision))
            self._keep_filled(work, decision.state, decision.state)
            work.answer(view)
        return view

    @rpc
    def users(self, query: dict[str, Any]) -> View:
        """Users, of whom the caller sees those granted something where the caller is admin."""
        page = self.store.read.page(USERS, {"project": EVERYWHERE}, query["cursor"], query["limit"])
        return {"items": [_view(user) for user in page.items if self._sees(user)], "next": page.next}

    @rpc
    def user(self, user: str) -> View:
        """One user."""
        found = self.store.read.get(USERS, user)
        if not self._sees(found):
            raise NotFound(f"no users {user!r} here")
        return _view(found)

    @rpc
    def grant(self, user: str, body: dict[str, Any]) -> View:
        """Set a user's roles in one project, in which the caller must be admin."""
        self.context.principal.require(MANAGE, body["project"])
        return self._change(user, lambda state: model.grant(state, body["project"], body["roles"]))

    @rpc
    def deactivate(self, user: str, body: dict[str, Any]) -> View:
        """Shut a user out: no more log-ins. Tokens given before end with their lifetime."""
        return self._change(user, lambda state: model.set_active(self._own(state), False))

    @rpc
    def activate(self, user: str, body: dict[str, Any]) -> View:
        """Let a user in again."""
        return self._change(user, lambda state: model.set_active(self._own(state), True))

    @rpc
    def add_absence(self, user: str, body: dict[str, Any]) -> View:
        """A user goes on leave. Raises BadInput; IllegalTransition when a role would be empty that must not be."""
        absence = model.Absence(new_id(), _utc("from", body["since"]), _utc("until", body["until"]))
        return self._change(user, lambda state: model.add_absence(self._own(state), absence, self._policy["absences"], self.context.now))

    @rpc
    def end_absence(self, user: str, absence: str, body: dict[str, Any]) -> View:
        """A user is back early, or will not go."""
        return self._change(user, lambda state: model.end_absence(self._own(state), absence, self.context.now))

    @rpc
    def set_password(self, user: str, body: dict[str, Any]) -> View:
        """Give a user another password."""
        model.check_password(body["password"], self._policy["password"])
        self._own(self.store.read.get(USERS, user))
        hashed = self._passwords.hash(body["password"])
        return self._change(user, lambda state: model.set_password(self._own(state), hashed))

    @sweep
    def forget_failures(self) -> None:
        """Drop guards that have not counted anything for long, so that names tried at random do not pile up."""
        past = self.context.now - timedelta(seconds=self._policy["lockout"]["forget_s"])
        old = self.store.read.due(GUARDS, "since", past, limit=_FORGET_AT_ONCE)
        if not old:
            return
        with self.store.work(lenient=True) as work:
            for guard in old:
                work.drop(GUARDS.collection, guard.id)

    @property
    def _policy(self) -> dict[str, Any]:
        return self.policy.of(EVERYWHERE)

    @property
    def _passwords(self) -> Passwords:
        return passwords(self._policy)

    def _me(self) -> View:
        view: View = schemas.MeView().dump(self.context.principal)
        return view

    def _count_attempt(self, username: str) -> str:
        """Commit the attempt before the password is looked at. Returns the guard's id. Raises Overloaded."""
        guard = self.sealer.fingerprint(username)
        try:
            with self.store.work(key=f"attempt:{new_id()}") as work:
                state = work.find(GUARDS, guard)
                work.apply(GUARDS, model.attempt(state, guard, self._policy["lockout"], self.context.now))
        except AlreadyExists as error:
            raise Conflict("another attempt was first") from error
        return guard

    def _let_in(self, user: User, guard: str, hashed: str) -> None:
        with self.store.work(key=f"login:{new_id()}") as work:
            fresh = work.load(USERS, user.id)
            if not fresh.active or fresh.password_hash != user.password_hash:
                raise NotAuthenticated("user name or password is wrong")
            work.apply(USERS, model.logged_in(fresh, hashed, self.context.now))
            self._clear(work, guard)

    def _clear(self, work: Any, guard: str) -> None:
        state = work.find(GUARDS, guard)
        if state is not None:
            work.apply(GUARDS, model.clear(state, self.context.now))

    def _change(self, user: str, decide: Any) -> View:
        with self.store.work() as work:
            state = work.load(USERS, user)
            if not self._sees(state):
                raise NotFound(f"no users {user!r} here")
            decision: Decision[User] = decide(state)
            view = _view(work.apply(USERS, decision))
            self._keep_filled(work, state, decision.state)
            work.answer(view)
        return view

    def _keep_filled(self, work: Work, before: User, after: User) -> None:
        """The rolls that tell of ``after`` are written with it. Raises IllegalTransition for the last one of a role."""
        for role in self._policy["staffing"]["never_empty"]:
            if not before.holds(role) and not after.holds(role):
                continue
            roll = work.find(ROLLS, role) or model.roll_of(role, self.store.read.where(USERS, {"project": EVERYWHERE}, _USERS_MOST))
            decision = model.keep_filled(roll, after, self.context.now)
            if decision.state != roll:
                work.apply(ROLLS, decision)

    def _sees(self, user: User) -> bool:
        projects = [*user.grants, EVERYWHERE]
        return any(self.context.principal.may(MANAGE, project) for project in projects)

    def _own(self, user: User) -> User:
        """``user``, when the caller is admin wherever it is granted something. Raises NotPermitted."""
        for project in user.grants or [EVERYWHERE]:
            self.context.principal.require(MANAGE, project)
        return user
