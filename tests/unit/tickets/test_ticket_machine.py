"""No sequence of commands reaches a state that the handbook does not know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import event as hypothesis_event
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.tickets import model
from services.tickets.model import By, Channel, Command, Item, Kind, State, Ticket
from services.tickets.schemas import TicketView
from services.tickets.spec import SPEC
from services.tickets.store import TICKETS
from steward import plugins
from steward.errors import IllegalTransition
from steward.facts import Decision
from steward.policy import shipped

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
POLICY = shipped(SPEC)
OPENING = model.Opening(id="01t", project="yh", number="YH-2611-00001")
RESULT = {
    "raised": {State.RAISED}, "accepted": {State.ACCEPTED}, "dispatched": {State.DISPATCHED, State.TAKEN},
    "taken": {State.TAKEN}, "arrived": {State.ON_SITE}, "waiting": {State.WAITING}, "resumed": {State.ON_SITE},
    "done": {State.DONE}, "checked": {State.CHECKED}, "called_back": {State.CALLED_BACK}, "closed": {State.CLOSED},
    "reopened": {State.ACCEPTED}, "cancelled": {State.CANCELLED},
}  # fmt: skip
TERMINAL = {State.CLOSED, State.CANCELLED}
SENT_OUT = {State.DISPATCHED, State.TAKEN, State.ON_SITE, State.WAITING, State.CHECKED}


class Life(RuleBasedStateMachine):
    ticket: Ticket

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.rounds = 1

    @property
    def by(self) -> By:
        self.now += timedelta(minutes=1)
        return By("user:x", self.now)

    @initialize(kind=st.sampled_from(Kind), channel=st.sampled_from(Channel), item=st.none() | st.sampled_from(Item))
    def open(self, kind: Kind, channel: Channel, item: Item | None) -> None:
        intake = model.Intake(kind=kind, channel=channel, item=item, what="it drips", place="east gate")
        self.became(model.raise_ticket(OPENING, intake, POLICY, self.by))

    def became(self, decision: Decision[Ticket]) -> None:
        self.ticket = decision.state
        for fact in decision.facts:
            schema = plugins.load(SPEC.event(fact.name).schema)()
            assert schema.validate(schema.dump(fact.data)) == {}
            assert fact.data["round"] == self.ticket.round
        if decision.facts:
            assert self.ticket.state in RESULT[decision.facts[-1].name]

    def give(self, command: Command, decide: Callable[[], Decision[Ticket]]) -> None:
        legal = model.legal(self.ticket)
        before = self.ticket
        try:
            decision = decide()
        except IllegalTransition as refusal:
            assert command.value not in legal and refusal.extra["legal"] == legal
            assert self.ticket is before
            return
        assert command.value in legal
        self.became(decision)

    @rule()
    def accept(self) -> None:
        self.give(Command.ACCEPT, lambda: model.accept(self.ticket, None, self.by))

    @rule(back=st.integers(0, 1))
    def order(self, back: int) -> None:
        if decision := model.order_placed(self.ticket, self.ticket.round - back, "01t-1", "engineering", self.by):
            assert back == 0
            self.became(decision)

    @rule(back=st.integers(0, 1), engineer=st.sampled_from(["E1", "E2"]))
    def take(self, back: int, engineer: str) -> None:
        if decision := model.order_taken(self.ticket, self.ticket.round - back, "01t-1", engineer, self.by):
            assert back == 0 and decision.state.engineer == engineer
            self.became(decision)

    @rule()
    def arrive(self) -> None:
        self.give(Command.ARRIVE, lambda: model.arrive(self.ticket, None, self.by))

    @rule(reason=st.sampled_from(model.WaitReason))
    def wait(self, reason: model.WaitReason) -> None:
        later = self.now + timedelta(days=1)
        self.give(Command.WAIT, lambda: model.wait(self.ticket, reason, later, None, self.by))

    @rule()
    def resume(self) -> None:
        self.give(Command.RESUME, lambda: model.resume(self.ticket, None, self.by))

    @rule()
    def finish(self) -> None:
        self.give(Command.FINISH, lambda: model.finish(self.ticket, None, self.by))

    @rule()
    def check(self) -> None:
        self.give(Command.CHECK, lambda: model.check(self.ticket, model.Check(remark="seen"), self.by))

    @rule(solved=st.booleans(), satisfaction=st.sampled_from(model.Satisfaction))
    def call_back(self, solved: bool, satisfaction: model.Satisfaction) -> None:
        said = model.Callback(satisfaction=satisfaction, solved=solved)
        self.give(Command.CALL_BACK, lambda: model.call_back(self.ticket, said, self.by))

    @rule()
    def close(self) -> None:
        self.give(Command.CLOSE, lambda: model.close(self.ticket, None, self.by))

    @rule(reason=st.sampled_from(model.ReopenReason))
    def reopen(self, reason: model.ReopenReason) -> None:
        rounds = self.ticket.round
        self.give(Command.REOPEN, lambda: model.reopen(self.ticket, reason, None, self.by))
        self.rounds += self.ticket.round - rounds

    @rule(reason=st.sampled_from(model.CancelReason))
    def cancel(self, reason: model.CancelReason) -> None:
        self.give(Command.CANCEL, lambda: model.cancel(self.ticket, reason, None, self.by))

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """Straight ahead, so that long roads are walked too."""
        ahead: dict[str, Callable[[], None]] = {
            "accept": self.accept,
            "arrive": self.arrive,
            "wait": lambda: self.wait(model.WaitReason.PARTS),
            "resume": self.resume,
            "finish": self.finish,
            "check": self.check,
            "call-back": lambda: self.call_back(data.draw(st.booleans()), model.Satisfaction.NEUTRAL),
            "close": self.close,
            "reopen": lambda: self.reopen(model.ReopenReason.UNSOLVED),
        }
        possible = [ahead[command] for command in model.legal(self.ticket) if command in ahead]
        possible += [lambda: self.order(0), lambda: self.take(0, "E1")] if not self.ticket.direct else []
        if possible:
            data.draw(st.sampled_from(possible))()
        hypothesis_event(f"state {self.ticket.state}, round {min(self.ticket.round, 3)}")

    @invariant()
    def rounds_count_reopenings(self) -> None:
        reopened = sum(mark.command == "reopen" for mark in self.ticket.history)
        assert self.ticket.round == self.rounds == reopened + 1
        assert all(callback.round <= self.ticket.round for callback in self.ticket.callbacks)

    @invariant()
    def the_state_fits_what_is_written_down(self) -> None:
        ticket = self.ticket
        assert (ticket.next_at is not None) == (ticket.state is State.WAITING)
        assert (model.legal(ticket) == []) == (ticket.state in TERMINAL)
        assert not (ticket.direct and ticket.state in SENT_OUT)
        if ticket.state in SENT_OUT:
            assert ticket.order and ticket.department
        if ticket.state in SENT_OUT - {State.DISPATCHED}:
            assert ticket.engineer
        if ticket.state is State.CLOSED:
            assert all(callback.solved for callback in ticket.callbacks if callback.round == ticket.round)
            assert ticket.direct or ticket.callbacks[-1].round == ticket.round

    @invariant()
    def it_can_be_kept_and_shown(self) -> None:
        assert TICKETS.from_document(TICKETS.to_document(self.ticket)) == self.ticket
        assert TicketView().dump(self.ticket)["actions"] == model.legal(self.ticket)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
