"""The base of every service class, and the three things that can wake one: a call, an event, the passing of time.

    class Tickets(Service):
        spec = SPEC

        @rpc
        def accept(self, project: str, ticket: str, body: Accept) -> View: ...

        @handles
        def on_dispatch(self, event: Envelope) -> None: ...

        @sweep
        def fire_due(self) -> None: ...

Everything else about them (permission, schema, queue, interval) stands in the spec.
"""

from __future__ import annotations

from typing import Any, ClassVar

from steward.bus.approving import Approving
from steward.bus.audit import Auditing, Auditor
from steward.bus.calls import Remote, RemoteServices
from steward.bus.dead import DeadLetters, DeadLetterShelf
from steward.bus.handlers import Handler
from steward.bus.relay import Relay
from steward.bus.republish import Republisher, Republishing
from steward.bus.resealing import Resealer, Resealings
from steward.bus.serving import Rpc
from steward.bus.standard import APPROVAL_EVENTS, APPROVALS, STANDARD_CALLS, STANDARD_SWEEPS
from steward.bus.sweeps import Sweeper
from steward.context import Context
from steward.extensions import CurrentContext, PolicyBook, SealerOf
from steward.policy import Policies
from steward.spec import ServiceSpec
from steward.store.provider import Store, StoreOf
from steward.times import iso
from steward.trust.principals import EVERYWHERE
from steward.trust.sealing import Sealer

_JOURNAL_PAGE_MOST = 1_000

View = dict[str, Any]

rpc = Rpc.decorator
handles = Handler.decorator
sweep = Sweeper.decorator


class Service:
    """A nameko service that stands on the kit. Subclasses set ``spec`` and write methods.

    ``context`` says who asks and when (``context.now`` is the only *now* to use), ``store`` holds state,
    ``remote`` calls other services, ``policy`` has the numbers, ``sealer`` encrypts personal fields.
    """

    spec: ClassVar[ServiceSpec]
    name: ClassVar[str]

    context: Context = CurrentContext()  # type: ignore[assignment]
    store: StoreOf = Store()  # type: ignore[assignment]
    remote: RemoteServices = Remote()  # type: ignore[assignment]
    policy: Policies = PolicyBook()  # type: ignore[assignment]
    sealer: Sealer = SealerOf()  # type: ignore[assignment]
    dead: DeadLetterShelf = DeadLetters()  # type: ignore[assignment]
    auditor: Auditor = Auditing()  # type: ignore[assignment]
    resealer: Resealer = Resealings()  # type: ignore[assignment]
    relay = Relay()
    republisher: Republisher = Republishing()  # type: ignore[assignment]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = cls.spec.name
        _check_complete(cls)

    @rpc
    def timeline(self, project: str, matter: str) -> list[dict[str, Any]]:
        """Every event of ``matter`` that this service published, as CloudEvents documents, in order."""
        return [event.to_wire() for event in self.store.journal.about(matter) if event.project == project]

    @rpc
    def journal_page(self, project: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Entries of the journal of ``project`` from order ``after`` on: when, about what, why, which events.

        The next page begins at the order of the last one; the journal has been read when a page tells nothing new, however short.
        """
        entries = self.store.journal.page(project, after, min(limit, _JOURNAL_PAGE_MOST))
        return [
            {name: entry.get(name) for name in ("order", "matter", "cause", "events", "pending")}
            | {"key": entry["_id"], "at": iso(entry["at"])}
            for entry in entries
        ]

    @rpc
    def dead_letters(self, query: View) -> View:
        """Messages that were given up, the youngest first."""
        return self.dead.page(query)

    @rpc
    def dead_letter(self, letter: str) -> View:
        """One of them, whole."""
        return self.dead.show(letter)

    @rpc
    def replay_dead_letter(self, letter: str) -> View:
        """Give a dead letter to its handler again."""
        return self.dead.replay(letter)

    @rpc
    def edit_dead_letter(self, letter: str, body: View) -> View:
        """Give a dead letter to its handler again with another body."""
        return self.dead.edit(letter, body["event"], body["reason"])

    @rpc
    def discard_dead_letter(self, letter: str, body: View) -> View:
        """Close a dead letter with a reason."""
        return self.dead.discard(letter, body["reason"])

    @rpc
    def replay_dead_letters(self, body: View) -> View:
        """Give those that a filter finds to their handlers again."""
        return self.dead.replay_many(body)

    @rpc
    def discard_dead_letters(self, body: View) -> View:
        """Close those that a filter finds, with a reason."""
        return self.dead.discard_many(body)

    @rpc
    def audit(self, project: str, query: View) -> View:
        """A page of what was done and read in ``project``, the latest first."""
        return self.auditor.trail.page(project, query)

    @property
    def approving(self) -> Approving:
        """What others are asked to agree to."""
        return Approving(self, self.spec, self.store, self.context, self.policy, self.remote)

    @rpc
    def approvals(self, project: str, query: View) -> View:
        """A page of what others are asked to agree to, the latest first."""
        return self.approving.page(project, query)

    @rpc
    def approval(self, project: str, approval: str) -> View:
        """One of them."""
        return self.approving.show(project, approval)

    @rpc
    def approve_asked(self, project: str, approval: str, body: View) -> View:
        """The caller agrees."""
        return self.approving.vote(project, approval, True, body)

    @rpc
    def refuse_asked(self, project: str, approval: str, body: View) -> View:
        """The caller refuses."""
        return self.approving.vote(project, approval, False, body)

    @rpc
    def withdraw_asked(self, project: str, approval: str) -> View:
        """The caller does not want it any more."""
        return self.approving.withdraw(project, approval)

    @sweep
    def expire_approvals(self) -> None:
        """What nobody decided in time is closed."""
        self.approving.expire_due()

    @sweep
    def seal_journal(self) -> None:
        """What was committed gets into the audit chains."""
        self.auditor.seal()

    @sweep
    def reseal(self) -> None:
        """What is sealed comes under the current key of the installation; answers that are old are forgotten."""
        self.resealer.turn(self.context.now)

    @rpc
    def journal_projects(self) -> list[str]:
        """The projects of which this service has a journal, of those in which the caller may republish."""
        mine = self.context.principal.projects("ops.replay")
        return [project for project in self.republisher.projects() if EVERYWHERE in mine or project in mine]

    @rpc
    def republish(self, project: str, body: View) -> View:
        """Publish a page of events of ``project`` again: how many, and where the next page begins."""
        return self.republisher.page(project, body, self.context.principal.id)


def _check_complete(cls: type[Service]) -> None:
    """Raises TypeError when the spec names a method that the class lacks: better now than at the first message."""
    spec = cls.spec
    named = [call.name for call in spec.calls] + [hears.handler for hears in spec.hears]
    named += [sweep.method for sweep in (*spec.sweeps, *STANDARD_SWEEPS)] + [route.call for route in spec.routes] + list(STANDARD_CALLS)
    named += [method for approved in spec.approvals for method in (approved.granted, approved.refused) if method]
    missing = sorted({name for name in named if not hasattr(cls, name)})
    if missing:
        raise TypeError(f"{cls.__name__} lacks what its spec names: {', '.join(missing)}")
    if spec.approvals and not ({*APPROVAL_EVENTS} <= {*spec.publishes} and APPROVALS in spec.collections):
        raise TypeError(f"{spec.name} has things approved, and lacks APPROVAL_EVENTS or APPROVALS")
    open_to_all = [call.name for call in spec.calls if not call.permission]
    if open_to_all:
        raise TypeError(f"calls of {spec.name} without a permission: {', '.join(open_to_all)}")
