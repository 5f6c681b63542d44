"""Approvals 审批: a service's part of them. What it asks others to agree to, who may, and what follows in the same unit of work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from steward.bus.approvalschemas import ApprovalView
from steward.bus.calls import RemoteServices
from steward.bus.standard import APPROVALS as KEPT
from steward.context import Context
from steward.errors import NotFound, NotPermitted, StewardError, Transient, Unavailable
from steward.facts import Decision
from steward.ids import new_id
from steward.policy import Policies
from steward.spec import Approved, ServiceSpec
from steward.store.provider import StoreOf
from steward.store.repository import Repository
from steward.store.work import Work
from steward.trust import approvals
from steward.trust.approvals import Absent, Approval, State, Voter, rule_of
from steward.trust.principals import USER

log = logging.getLogger(__name__)

PEOPLE = "identity"
"""The service that knows who is on leave, and who stands in for them."""
SEE_ALL = "approvals.all"
BATCH = 100
"""What one sweep closes."""

View = dict[str, Any]
_VIEW = ApprovalView()


def _derived(approval: Approval) -> Mapping[str, Any]:
    """``taken`` keeps one person from asking for the same twice at once; ``heard`` are those who can say no more."""
    found: dict[str, Any] = {"roles": approval.roles, "parties": sorted({approval.asked_by, *approval.heard})}
    if approval.state is not State.OPEN:
        return found
    heard = [] if approval.rule.same_person else sorted(approval.heard)
    taken = "\0".join((approval.kind, approval.subject, approval.asked_by))
    return found | {"waits_for": approval.waits_for, "heard": heard, "due_at": approval.expires_at, "taken": taken}


APPROVALS = Repository(KEPT.name, Approval, _derived)


@dataclass(frozen=True)
class Approving:
    """The approvals of one service, as far as whoever wakes ``service`` may know of them.

    ``service`` is asked for the methods that its spec names beside each approval.
    """

    service: Any
    spec: ServiceSpec
    store: StoreOf
    context: Context
    policies: Policies
    remote: RemoteServices

    def ask(self, work: Work, project: str, kind: str, subject: str, reason: str, matter: str = "") -> Approval:
        """Ask, in ``work``, that others agree to ``kind`` for ``subject``, under the rule of now. Raises AlreadyExists on commit.

        ``matter``: to whose timeline it belongs; that of ``subject``, where none is said.
        """
        self._declared(kind)
        asked = Approval(
            id=new_id(),
            project=project,
            kind=kind,
            subject=subject,
            matter=matter or f"{self.spec.name}/{subject}",
            asked_by=self.context.principal.id,
            asked_at=self.context.now,
            reason=reason,
            rule=rule_of(self.policies.of(project)["approvals"][kind]),
        )
        return work.apply(APPROVALS, approvals.ask(asked))

    def latest(self, kind: str, subject: str, state: State) -> Approval | None:
        """The latest that the caller has asked for, of those in ``state`` now."""
        asked = {"subject": subject, "kind": kind, "asked_by": self.context.principal.id}
        found = self.store.read.where(APPROVALS, {**asked, "state": state.value})
        known = [one for one in found if state is not State.OPEN or one.open_at(self.context.now)]
        return max(known, key=lambda one: one.id, default=None)

    def about(self, project: str, subjects: Sequence[str]) -> list[Approval]:
        """Those of ``project`` for any of ``subjects``: for whoever owes somebody a copy of what is said of them."""
        return self.store.read.where(APPROVALS, {"project": project, "subject": {"$in": list(subjects)}}, limit=0)

    def forget(self, work: Work, project: str, subjects: Sequence[str]) -> None:
        """Take out, in ``work``, what was said why for any of ``subjects``: it may name whose file is destroyed."""
        for known in self.about(project, subjects):
            approval = work.known(APPROVALS, known.id) or work.load(APPROVALS, known.id)
            work.apply(APPROVALS, approvals.wordless(approval))

    def page(self, project: str, query: View) -> View:
        """Those of ``project`` that the caller may see, of these what they can decide on now (``mine``) or asked for (``own``).

        The latest first. Raises Unavailable.
        """
        if not self.spec.approvals:
            return {"items": [], "next": None}
        seen = self._mine(project) if query["mine"] else self._seen(project)
        wanted = {name: value for name in ("state", "kind") if (value := query[name]) is not None}
        own = {"asked_by": self.context.principal.id} if query["own"] else {}
        page = self.store.read.page(APPROVALS, {"project": project, "$and": [seen, own, wanted]}, query["cursor"], query["limit"])
        return {"items": [self._shown(approval) for approval in page.items], "next": page.next}

    def show(self, project: str, id: str) -> View:
        """One of them. Raises NotFound, also for those with which the caller has nothing to do; Unavailable."""
        approval = self._find(project, id)
        self._caller(approval, partial(self._concerned, approval))
        return self._shown(approval)

    def vote(self, project: str, id: str, agrees: bool, body: View) -> View:
        """The caller agrees, or refuses, and what follows is done. Raises NotFound, NotPermitted, IllegalTransition, Unavailable."""
        if not self.context.principal.id.startswith(USER):
            raise NotPermitted("only people decide, no programs")
        found = self._find(project, id)
        voter = self._caller(found, partial(self._needs_nobody, found, body["role"]))
        with self.store.work() as work:
            approval = work.load(APPROVALS, id, project)
            saved = self._save(work, approvals.vote(approval, voter, agrees, body["reason"], self.context.now, body["role"]))
            return work.answer(self._shown(saved))  # type: ignore[no-any-return]

    def withdraw(self, project: str, id: str) -> View:
        """The caller does not want any more what they asked for. Raises NotFound, NotPermitted, IllegalTransition."""
        found = self._find(project, id)
        self._caller(found, partial(self._concerned, found))
        with self.store.work() as work:
            approval = work.load(APPROVALS, id, project)
            saved = self._save(work, approvals.withdraw(approval, self.context.principal.id, self.context.now))
            return work.answer(self._shown(saved))  # type: ignore[no-any-return]

    def expire_due(self) -> None:
        """Close those that nobody decided in time: one unit of work each, so that one that cannot be closed holds up no other."""
        if not self.spec.approvals:
            return
        for due in self.store.read.due(APPROVALS, "due_at", self.context.now, BATCH):
            try:
                with self.store.work(key=f"{self.context.key}:{due.id}", lenient=True) as work:
                    approval = work.load(APPROVALS, due.id)
                    if (decision := approvals.expire(approval, self.context.now)).facts:
                        self._save(work, decision)
            except Transient:
                raise
            except StewardError as error:
                log.warning("approval %s cannot be closed: %s", due.id, error)

    def _save(self, work: Work, decision: Decision[Approval]) -> Approval:
        """Save what was decided, and do what follows from it."""
        saved = work.apply(APPROVALS, decision)
        if saved.state is not State.OPEN:
            kind = self._declared(saved.kind)
            follows = kind.granted if saved.state is State.GRANTED else kind.refused
            if follows:
                getattr(self.service, follows)(work, saved)
        return saved

    def _declared(self, kind: str) -> Approved:
        """Raises StopIteration for a kind that the spec does not declare: a defect."""
        return next(approved for approved in self.spec.approvals if approved.name == kind)

    def _find(self, project: str, id: str) -> Approval:
        if not self.spec.approvals:
            raise NotFound(f"no approvals {id!r} here")
        return self.store.read.get(APPROVALS, id, project)

    def _shown(self, approval: Approval) -> View:
        return _VIEW.dump({**vars(approval), "service": self.spec.name, **_worked_out(approval)})  # type: ignore[no-any-return]

    def _seen(self, project: str) -> View:
        """The query for what the caller may see: with which they have to do, or all."""
        me = self.context.principal
        if me.may(SEE_ALL, project):
            return {}
        return {"$or": [{"parties": me.id}, {"roles": {"$in": sorted(me.roles(project))}}]}

    def _mine(self, project: str) -> View:
        """The query for that on which the caller can decide now."""
        me = self._myself(project)
        if not me.id.startswith(USER):
            return {"waits_for": {"$in": []}}
        absent = [{"waits_for": one.role, "asked_by": {"$ne": one.person}, "heard": {"$ne": one.person}} for one in self._absent(project)]
        return {
            "state": State.OPEN.value,
            "due_at": {"$gt": self.context.now},
            "asked_by": {"$ne": me.id},
            "heard": {"$ne": me.id},
            "$or": [{"waits_for": {"$in": sorted(me.roles)}}, *absent],
        }

    def _caller(self, approval: Approval, enough: Callable[[Voter], bool]) -> Voter:
        """The caller in roles of their own, or, where these are not ``enough``, with those for whom they stand in.

        Raises NotFound for whom it does not concern, Unavailable.
        """
        me = self._myself(approval.project)
        if not enough(me):
            me = replace(me, stands_in=self._absent(approval.project))
        if not self._concerned(approval, me):
            raise NotFound(f"no {KEPT.name} {approval.id!r} here")
        return me

    def _concerned(self, approval: Approval, voter: Voter) -> bool:
        """Whether ``voter``, who is the caller, may know of it."""
        held = voter.roles | {one.role for one in voter.stands_in}
        own = voter.id in {approval.asked_by, *approval.heard}
        return own or bool(held & set(approval.roles)) or self.context.principal.may(SEE_ALL, approval.project)

    def _needs_nobody(self, approval: Approval, role: str | None, voter: Voter) -> bool:
        """Whether it makes no difference to what ``voter`` can decide, in ``role`` if one is named, for whom they stand in."""
        if voter.id == approval.asked_by or not approval.open_at(self.context.now):
            return self._concerned(approval, voter)
        return approvals.may_vote(approval, voter, self.context.now, role)

    def _myself(self, project: str) -> Voter:
        me = self.context.principal
        return Voter(me.id, frozenset(me.roles(project)))

    def _absent(self, project: str) -> tuple[Absent, ...]:
        """For whom the caller stands in, asked each time, for leave ends. Raises Unavailable when it cannot be known."""
        me = self.context.principal.id
        if not me.startswith(USER):
            return ()
        try:
            found = getattr(self.remote, PEOPLE).standing_in(project=project, user=me)
        except NotFound:
            return ()  # nobody here knows of leave
        except Transient as error:
            raise Unavailable("who stands in for whom cannot be known at present") from error
        return tuple(Absent(one["person"], one["role"]) for one in found["items"])


def _worked_out(approval: Approval) -> Mapping[str, list[str] | datetime]:
    return {"expires_at": approval.expires_at, "waits_for": approval.waits_for}
