"""What wakes the identity service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from services.identity import model
from services.identity.apikeys import ApiKeys
from services.identity.checking import known_roles
from services.identity.companies import Companies
from services.identity.entrance import Entrance
from services.identity.guarding import Guards
from services.identity.logins import USER, Logins, Visitor
from services.identity.model import User
from services.identity.naming import Names
from services.identity.passwords import Passwords, passwords
from services.identity.provider import provider
from services.identity.schemas import views
from services.identity.secondfactor import SecondFactor
from services.identity.sight import granted_in, sees, visible
from services.identity.signon import SignOn
from services.identity.spec import SPEC
from services.identity.store import ROLLS, USERS
from steward.bus.envelope import Envelope
from steward.errors import BadInput, NotAuthenticated, NotFound
from steward.facts import Decision
from steward.ids import new_id
from steward.service import Service, handles, rpc, sweep
from steward.settings import Settings
from steward.store.work import Work
from steward.times import truncate
from steward.trust.principals import EVERYWHERE

MANAGE = "identity.manage"
_USERS_MOST = 100_000
"""Users that a roll is made of when there is none yet."""

View = dict[str, Any]


@cache
def _token_key() -> str:
    return Settings.from_env().token_key


def _utc(field: str, moment: datetime) -> datetime:
    try:
        return truncate(moment.astimezone(UTC))
    except OverflowError as error:
        raise BadInput.of(field, "is at the end of time") from error


class Identity(Service):
    """Users, what they may do where, and how they log in."""

    spec = SPEC

    @rpc
    def log_in(self, body: dict[str, Any], visitor: Any = None) -> View:
        """A token for a right password, for what the OpenID provider gave, with a code where one is needed, or for an API key.

        Raises NotAuthenticated, SecondFactorNeeded, or Overloaded when the name is shut for a while.

        Not repeated for an idempotency key: the answer is a secret, and each attempt counts.
        """
        if body["api_key"]:
            return self._entrance.by_key(body["api_key"])
        way = self._entrance.by_provider if body["returned"] or body["proof"] else self._entrance.by_password
        return way(body, Visitor.of(visitor))

    @rpc
    def sign_on(self) -> View:
        """Where to log in at the company's OpenID provider, good for some minutes."""
        return self._sign_on.offer()

    @rpc
    def me(self) -> View:
        """Who the caller is, as the token says."""
        return self._me()

    @rpc
    def change_password(self, body: dict[str, Any]) -> View:
        """Another password for the caller, who knows the old one; wrong ones count as wrong log-ins do. Ends the other sessions."""
        model.check_password(body["new"], self._policy["password"])
        user = self.store.read.get(USERS, self.context.principal.id.removeprefix(USER))
        guard = self._guards.count(user.username)
        if not self._passwords.right(user.password_hash, body["old"]):
            raise NotAuthenticated("the old password is wrong")
        hashed = self._passwords.hash(body["new"])
        with self.store.work() as work:
            work.apply(USERS, model.set_password(work.load(USERS, user.id), hashed))
            self._logins.end_all(work, self.context.principal.id, "password_changed", but=self.context.principal.session)
            self._guards.clear(work, guard)
            work.answer(self._me())
        return self._me()

    @rpc
    def add_user(self, body: dict[str, Any]) -> View:
        """A new user; whoever adds one must be admin wherever it is granted something."""
        for project in body["grants"] or [EVERYWHERE]:
            self.context.principal.require(MANAGE, project)
        model.check_password(body["password"], self._policy["password"])
        hashed = self._passwords.hash(body["password"])
        who = new_id(), body["username"], body["name"], hashed, body["grants"]
        with self.store.work() as work:
            estates = self._companies.estates(work, body["grants"])
            decision = model.add_user(*who, self.context.now, known_roles(), estates)
            view = self._view(work.apply(USERS, decision))
            self._keep_filled(work, decision.state, decision.state)
            self._companies.guard(work, estates)
            work.answer(view)
        return view

    @rpc
    def users(self, query: dict[str, Any]) -> View:
        """Users, of whom the caller sees those granted something where the caller is admin."""
        page = self.store.read.page(USERS, granted_in(self.context.principal, MANAGE), query["cursor"], query["limit"])
        return {"items": [self._view(user) for user in page.items], "next": page.next}

    @rpc
    def user(self, user: str) -> View:
        """One user."""
        return self._view(self._managed(self.store.read.get(USERS, user)))

    @rpc
    def grant(self, user: str, body: dict[str, Any]) -> View:
        """Set a user's roles in one project, in all of a company, or everywhere; there the caller must be admin."""
        place, roles = body["project"], body["roles"]
        self.context.principal.require(MANAGE, place)
        with self.store.work() as work:
            state = work.load(USERS, user, seen=self._sees)
            estates = self._companies.estates(work, [place], "project")
            view = self._changed(work, state, model.grant(state, place, roles, known_roles(), estates))
            self._companies.guard(work, estates)
        return view

    @rpc
    def deactivate(self, user: str, body: dict[str, Any]) -> View:
        """Shut a user out: no more log-ins, and every session ends."""
        return self._change(user, lambda state: model.set_active(self._own(state), False), ends="deactivated")

    @rpc
    def activate(self, user: str, body: dict[str, Any]) -> View:
        """Let a user in again."""
        return self._change(user, lambda state: model.set_active(self._own(state), True))

    @rpc
    def add_absence(self, user: str, body: dict[str, Any]) -> View:
        """A user goes on leave. Raises BadInput; IllegalTransition when a role would be empty that must not be."""
        absence = model.Absence(new_id(), _utc("from", body["since"]), _utc("until", body["until"]), self._deputy(body["deputy"]))
        return self._change(user, lambda state: model.add_absence(self._own(state), absence, self._policy["absences"], self.context.now))

    @rpc
    def end_absence(self, user: str, absence: str, body: dict[str, Any]) -> View:
        """A user is back early, or will not go."""
        return self._change(user, lambda state: model.end_absence(self._own(state), absence, self.context.now))

    @rpc
    def standing_in(self, project: str, user: str) -> View:
        """For whom the principal ``user`` stands in now, and in which roles that they hold in ``project``."""
        deputy = user.removeprefix(USER)
        absent = self.store.read.where(USERS, {"away.deputy": deputy})
        found = model.deputised(absent, deputy, project, self.context.now)
        return {"items": [{"person": USER + person, "role": role} for person, role in found]}

    @rpc
    def names(self, project: str, query: dict[str, Any]) -> View:
        """What programs are called that have a role in ``project``, and who is, or was, of its staff; nothing of anybody else."""
        names = Names(self.store.read, self._companies)
        return names.colleagues(project) if query["by"] is None else names.of(project, query["by"])

    @rpc
    def set_password(self, user: str, body: dict[str, Any]) -> View:
        """Give a user another password."""
        model.check_password(body["password"], self._policy["password"])
        self._own(self._managed(self.store.read.get(USERS, user)))
        hashed = self._passwords.hash(body["password"])
        return self._change(user, lambda state: model.set_password(self._own(state), hashed), ends="password_changed")

    @rpc
    def my_sessions(self) -> View:
        """Where the caller is logged in."""
        return self._logins.of(self.context.principal.id, self.context.principal.session)

    @rpc
    def end_my_session(self, session: str, body: dict[str, Any]) -> View:
        """Log out, here or elsewhere."""
        return self._logins.end(self.context.principal.id, session, "logged_out")

    @rpc
    def end_my_other_sessions(self, body: dict[str, Any]) -> View:
        """Log out everywhere but here. Answers with what is left."""
        me = self.context.principal
        with self.store.work() as work:
            work.load(USERS, me.id.removeprefix(USER))
            self._logins.end_all(work, me.id, "logged_out", but=me.session)
        return self._logins.of(me.id, me.session)

    @rpc
    def second_factor(self) -> View:
        """Whether the caller has one, and until when they must."""
        return self._factor.show()

    @rpc
    def offer_second_factor(self, body: dict[str, Any]) -> View:
        """A secret for the caller's authenticator, told this once."""
        return self._factor.offer(body["password"])

    @rpc
    def confirm_second_factor(self, body: dict[str, Any]) -> View:
        """The first code of the caller's authenticator: from now on codes are needed. Answers with the recovery codes."""
        return self._factor.confirm(body["code"])

    @rpc
    def drop_second_factor(self, body: dict[str, Any]) -> View:
        """The caller does without."""
        return self._factor.off(body["password"], body["code"])

    @rpc
    def reset_second_factor(self, user: str, body: dict[str, Any]) -> View:
        """Take away the second factor of somebody who has lost it; ends all their sessions."""
        with self.store.work() as work:
            state = self._own(work.load(USERS, user, seen=self._sees))
            self._factor.reset(work, state)
            view: View = work.answer(self._view(replace(state, second_factor=False, version=state.version + 1)))
        return view

    @rpc
    def unlink(self, user: str, body: dict[str, Any]) -> View:
        """Undo a user's link to an account of the provider: the next one of that user name is linked."""
        return self._change(user, lambda state: model.unlink(self._own(state)), ends="unlinked")

    @rpc
    def sessions(self, user: str) -> View:
        """Where a user is logged in, for whoever manages them."""
        return self._logins.of(USER + self._managed(self.store.read.get(USERS, user)).id)

    @rpc
    def end_session(self, user: str, session: str, body: dict[str, Any]) -> View:
        """End a user's session."""
        self._own(self._managed(self.store.read.get(USERS, user)))
        return self._logins.end(USER + user, session, "by_admin")

    @rpc
    def session_watch(self, body: dict[str, Any]) -> View:
        """What became of sessions, for gateways, which tell what they saw used."""
        told = self._logins.watch(body["since"], body["used"])
        told["sessions"] += self._keys.told(told["since"])
        view: View = views.WatchView().dump(told)
        return view

    @rpc
    def make_key(self, body: dict[str, Any]) -> View:
        """An API key for a program; its secret is told once."""
        return self._keys.make({**body, "expires_at": _utc("expires_at", body["expires_at"])}, known_roles())

    @rpc
    def keys(self, query: dict[str, Any]) -> View:
        """API keys, of programs in projects where the caller is admin."""
        return self._keys.page(query)

    @rpc
    def key(self, key: str) -> View:
        """One API key."""
        return self._keys.show(key)

    @rpc
    def rotate_key(self, key: str, body: dict[str, Any]) -> View:
        """Another secret for an API key, told once."""
        return self._keys.rotate(key, body["overlap_s"])

    @rpc
    def end_key(self, key: str, body: dict[str, Any]) -> View:
        """An API key opens nothing any more."""
        return self._keys.end(key)

    @handles
    def on_project(self, event: Envelope) -> None:
        """residents.project_opened: grants in its company hold there."""
        self._companies.opened(event.data["company"], event.data["project"])

    @sweep
    def forget_failures(self) -> None:
        """Drop guards that have not counted anything for long."""
        self._guards.forget()

    @sweep
    def forget_sessions(self) -> None:
        """Drop sessions that ran out long ago."""
        self._logins.forget()

    @property
    def _policy(self) -> dict[str, Any]:
        return self.policy.of(EVERYWHERE)

    @property
    def _passwords(self) -> Passwords:
        return passwords(self._policy)

    @property
    def _guards(self) -> Guards:
        return Guards(self.store, self.context, self.sealer, self._policy["lockout"])

    @property
    def _logins(self) -> Logins:
        return Logins(self.store, self.context, self.sealer, self._policy["sessions"])

    @property
    def _companies(self) -> Companies:
        return Companies(self.store, self._logins, self._policy["staffing"])

    @property
    def _factor(self) -> SecondFactor:
        rules = self._policy["second_factor"]
        return SecondFactor(self.store, self.context, self.sealer, self._guards, self._logins, self._passwords, rules)

    @property
    def _keys(self) -> ApiKeys:
        return ApiKeys(self.store, self.context, self.sealer, self._companies, self._policy["api_keys"])

    @property
    def _sign_on(self) -> SignOn:
        rules = self._policy["oidc"]
        return SignOn(self.store, self.context, self.sealer, provider(rules), rules)

    @property
    def _entrance(self) -> Entrance:
        return Entrance(
            store=self.store,
            context=self.context,
            guards=self._guards,
            logins=self._logins,
            factor=self._factor,
            sign_on=self._sign_on,
            keys=self._keys,
            companies=self._companies,
            passwords=self._passwords,
            policy=self._policy,
            token_key=_token_key(),
        )

    def _me(self) -> View:
        view: View = views.MeView().dump(self._companies.as_given(self.context.principal))
        return view

    def _change(self, user: str, decide: Callable[[User], Decision[User]], ends: str = "") -> View:
        """Change a user; their sessions end for the reason ``ends``, or go on with what is granted now."""
        with self.store.work() as work:
            state = work.load(USERS, user, seen=self._sees)
            return self._changed(work, state, decide(state), ends)

    def _changed(self, work: Work, before: User, decision: Decision[User], ends: str = "") -> View:
        view: View = work.answer(self._view(work.apply(USERS, decision)))
        self._keep_filled(work, before, decision.state)
        if ends:
            self._logins.end_all(work, USER + before.id, ends)
        elif decision.state.held != before.held:
            self._logins.renew_all(work, decision.state)
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

    def _view(self, user: User) -> View:
        """``user`` as the caller may see them: without what is granted where the caller manages nobody."""
        view: View = views.UserView().dump(replace(user, grants=visible(self.context.principal, MANAGE, user.grants)))
        return view

    def _sees(self, user: User) -> bool:
        return sees(self.context.principal, MANAGE, user.grants)

    def _managed(self, user: User) -> User:
        """``user``, when the caller may know of them. Raises NotFound."""
        if not self._sees(user):
            raise NotFound(f"no users {user.id!r} here")
        return user

    def _deputy(self, user: str | None) -> str | None:
        """Raises BadInput (deputy) for nobody whom the caller may know of, and for who is shut out."""
        if user is not None and not any(self._sees(one) and one.active for one in self.store.read.where(USERS, {"_id": user})):
            raise BadInput.of("deputy", "is no user here")
        return user

    def _own(self, user: User) -> User:
        """``user``, when the caller is admin wherever it is granted something. Raises NotPermitted."""
        for project in user.grants or [EVERYWHERE]:
            self.context.principal.require(MANAGE, project)
        return user
