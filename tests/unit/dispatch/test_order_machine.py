"""No sequence of offers, refusals, breaches and hands reaches a state that the handbook does not know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.dispatch import model
from services.dispatch.model import Bench, By, Command, Load, Member, OfferState, Order, State
from services.dispatch.schemas import OrderView
from services.dispatch.spec import SPEC
from services.dispatch.store import ORDERS
from steward import plugins
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision
from steward.policy import shipped

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
POLICY = shipped(SPEC)
CODES = [f"E{number}" for number in range(8)]
people = st.sampled_from(CODES)
counts = st.integers(0, 5)


class Orders(RuleBasedStateMachine):
    order: Order

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.bench = Bench(NOON)
        self.facts: list[str] = []

    @property
    def by(self) -> By:
        self.now += timedelta(seconds=1)
        return By("user:x", self.now)

    @initialize(urgency=st.sampled_from(["normal", "urgent", "emergency"]), crew=st.sets(people))
    def place(self, urgency: str, crew: set[str]) -> None:
        self.crew_changes(crew, 0)
        task = model.Task("01t", "tickets/01t", 1, "YH-2611-00001", "repair_home", urgency, "engineering", "tap")
        self.became(model.place("yh", task, self.bench, POLICY, self.by))
        assert self.facts[0] == "ordered"

    @rule(crew=st.sets(people), busy=counts)
    def crew_changes(self, crew: set[str], busy: int) -> None:
        members = [Member(id=code, project="yh", code=code, name=code, department="engineering", shift="any") for code in sorted(crew)]
        loads = {code: Load(busy * index % 5, index % 2) for index, code in enumerate(CODES)}
        self.bench = Bench(self.now, members, loads, POLICY["shifts"])

    def became(self, decision: Decision[Order]) -> None:
        self.order = decision.state
        for fact in decision.facts:
            schema = plugins.load(SPEC.event(fact.name).schema)()
            assert schema.validate(schema.dump(fact.data)) == {}
            self.facts.append(fact.name)

    def give(self, command: Command, decide: Callable[[], Decision[Order]]) -> None:
        legal = model.legal(self.order)
        try:
            decision = decide()
        except IllegalTransition as refusal:
            assert command.value not in legal and refusal.extra["legal"] == legal
        except BadInput:
            assert command.value in legal
        else:
            assert command.value in legal
            self.became(decision)

    def happen(self, decision: Decision[Order] | None) -> None:
        if decision:
            self.became(decision)

    @rule(who=people)
    def take(self, who: str) -> None:
        self.give(Command.TAKE, lambda: model.take(self.order, who, self.by))

    @rule()
    def take_what_is_offered(self) -> None:
        if self.order.engineer:
            self.take(self.order.engineer)

    @rule(reason=st.sampled_from(model.Refusal))
    def refuse_what_is_offered(self, reason: model.Refusal) -> None:
        who = self.order.engineer or "E0"
        self.give(Command.REFUSE, lambda: model.refuse(self.order, who, reason, None, self.bench, POLICY, self.by))

    @rule(who=people)
    def refuse(self, who: str) -> None:
        reason = model.Refusal.BUSY
        self.give(Command.REFUSE, lambda: model.refuse(self.order, who, reason, None, self.bench, POLICY, self.by))

    @rule(who=people)
    def assign(self, who: str) -> None:
        self.give(Command.ASSIGN, lambda: model.assign(self.order, who, self.by))

    @rule()
    def record(self) -> None:
        line = model.Line(item="washer", quantity=1, price_fen=100)
        self.give(Command.RECORD, lambda: model.record(self.order, line, self.by))

    @rule(late=st.booleans())
    def breach(self, late: bool) -> None:
        due_at = self.now if late else NOON
        self.happen(model.lapse(self.order, due_at, self.bench, POLICY, self.by))

    @rule()
    def fill(self) -> None:
        unasked = {member.code for member in self.bench.members} - model.asked(self.order)
        decision = model.fill(self.order, self.bench, POLICY, self.by)
        waiting = self.order.state is State.UNFILLED and bool(unasked)
        assert decision is None or (waiting and decision.state.state is State.OFFERED)
        self.happen(decision)

    @rule()
    def done(self) -> None:
        if len(self.order.offers) > 3:
            self.happen(model.close(self.order))

    @rule()
    def cancelled(self) -> None:
        if len(self.order.offers) > 3:
            self.happen(model.withdraw(self.order))

    @invariant()
    def exactly_one_offer_is_active_while_somebody_has_it(self) -> None:
        active = [offer for offer in self.order.offers if offer.state in (OfferState.OPEN, OfferState.TAKEN)]
        if self.order.state is State.OFFERED:
            assert [offer.state for offer in active] == [OfferState.OPEN]
            assert active[0].engineer == self.order.engineer
        if self.order.state is State.TAKEN:
            assert [offer.state for offer in active] == [OfferState.TAKEN]
            assert active[0].engineer == self.order.engineer
        if self.order.state in (State.UNFILLED, State.WITHDRAWN):
            assert not [offer for offer in active if offer.state is OfferState.OPEN]
        if self.order.state is State.UNFILLED:
            assert not active and self.order.engineer is None

    @invariant()
    def the_software_asks_nobody_twice_in_a_round(self) -> None:
        before: set[str] = set()
        for offer in self.order.offers:
            assert offer.by_hand or offer.engineer not in before
            before.add(offer.engineer)

    @invariant()
    def it_does_not_ask_more_than_the_policy_says(self) -> None:
        assert sum(offer.by_hand is None for offer in self.order.offers) <= POLICY["offers"]["most"]

    @invariant()
    def what_ended_ended_once(self) -> None:
        ended = [name for name in self.facts if name in ("closed", "withdrawn")]
        assert len(ended) == (self.order.state in (State.CLOSED, State.WITHDRAWN))
        assert not ended or self.facts[-1] == ended[0]

    @invariant()
    def it_can_be_kept_and_shown(self) -> None:
        assert ORDERS.from_document(ORDERS.to_document(self.order)) == self.order
        assert OrderView().dump(self.order)["actions"] == model.legal(self.order)


TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
