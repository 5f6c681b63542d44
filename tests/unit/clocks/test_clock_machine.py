from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.clocks import model, working
from services.clocks.model import Clock, Sighting, State, Watch
from services.clocks.rules import Rules
from steward.errors import OutOfOrder
from tests.unit.clocks.clock_desk import CALENDARS, KEEP, MONDAY, Desk, rules_of

TURNS = {"stop": ["it.ended"], "cancel": ["it.dropped"], "pause": ["it.paused"], "resume": ["it.resumed"]}
RULES: Rules = rules_of(
    plain={"start": ["it.begun"], "limit_s": 100, **TURNS},
    working={"start": ["it.begun"], "limit_s": 4 * 3600, "calendar": "working", **TURNS},
    after={"start": ["it.ended", "it.dropped"], "stop": ["it.begun"], "limit_s": 5_000, "warn_at": 0.5},
    red={"start": ["it.begun"], "stop": ["it.checked"], "when": {"colour": "red"}, "limit_s": 30, "ladder": []},
    beat={"start": ["it.checked"], "stop": ["it.checked"], "limit_s": 60},
)
EVENTS = ["it.begun", "it.ended", "it.dropped", "it.paused", "it.resumed", "it.checked"]
STEPS = st.tuples(st.sampled_from(EVENTS), st.sampled_from([0, 0.001, 1, 40, 80, 100, 150, 3_000, 50_000, 400_000]))


def happened(steps: list[tuple[str, float]], same_commit: frozenset[int] = frozenset()) -> list[Sighting]:
    """A subject's history: each event some time after the one before, its colour told only at the beginning."""
    history, at, seq = [], MONDAY, 1
    for index, (event, gap) in enumerate([("it.begun", 0.0), *steps]):
        seq += index not in same_commit
        at += timedelta(seconds=0 if index in same_commit else gap)
        history.append(Sighting(event, seq, at, {"colour": "red"} if index == 0 else {}))
    return history


def delivered(history: list[Sighting], rules: Rules = RULES) -> Watch:
    """The watch after all of it arrived; what is out of order comes again after the others."""
    watch = Watch("01k", "yh", "it/01k", "it/01k")
    waiting = list(history)
    while waiting:
        sighting = waiting.pop(0)
        try:
            decision = model.observe(watch, sighting, rules, CALENDARS, KEEP)
        except OutOfOrder:
            waiting.append(sighting)
            continue
        watch = decision.state if decision else watch
    return watch


def outcome(watch: Watch) -> dict[str, tuple[object, ...]]:
    live = (clock for clock in watch.clocks if clock.state is not State.ABSORBED)
    return {clock.id: (clock.state, clock.spent_ms, clock.since, clock.ended_at, clock.moments, clock.late) for clock in live}


@settings(max_examples=300, deadline=None)
@given(st.data(), st.lists(STEPS, max_size=12))
def test_the_order_in_which_events_arrive_changes_nothing(data: st.DataObject, steps: list[tuple[str, float]]) -> None:
    history = happened(steps)
    shuffled = data.draw(st.permutations(history))
    doubled = data.draw(st.lists(st.sampled_from(history), max_size=4))
    assert outcome(delivered([*shuffled, *doubled])) == outcome(delivered(history))


@settings(max_examples=200, deadline=None)
@given(st.data(), st.lists(STEPS, max_size=8), st.frozensets(st.integers(1, 8), max_size=4))
def test_events_of_one_commit_act_alike_in_whatever_order_they_arrive(
    data: st.DataObject, steps: list[tuple[str, float]], same_commit: frozenset[int]
) -> None:
    history = happened(steps, same_commit)
    unique = list({sighting.key: sighting for sighting in history}.values())
    assert outcome(delivered(data.draw(st.permutations(unique)))) == outcome(delivered(unique))


TANGLED: Rules = rules_of(
    each={"start": ["it.begun"], "limit_s": 100, "per": "part", **TURNS},
    judged={"start": ["it.checked"], "counts_from": "it.begun", "limit_s": 5_000, "stop": ["it.ended"]},
    answered={
        "start": ["it.begun"],
        "stop": [{"event": "it.ended", "when": {"by": "staff"}}],
        "pause": [{"event": "it.paused", "unless": {"by": "cat"}}],
        "resume": ["it.resumed"],
        "limit_s": 3_600,
        "calendar": "working",
    },
    monthly={"start": ["it.begun"], "stop": ["it.dropped"], "limit_months": 1},
)
OWN = st.fixed_dictionaries({}, optional={"part": st.sampled_from(["a", "b"]), "by": st.sampled_from(["staff", "resident", "cat"])})


@settings(max_examples=200, deadline=None)
@given(st.data(), st.lists(st.tuples(STEPS, OWN), max_size=10))
def test_conditions_parts_and_earlier_beginnings_do_not_depend_on_the_order_of_arrival(
    data: st.DataObject, steps: list[tuple[tuple[str, float], dict[str, str]]]
) -> None:
    history = happened([step for step, _ in steps])
    history = [history[0], *(replace(seen, data=own) for seen, (_, own) in zip(history[1:], steps, strict=True))]
    shuffled = data.draw(st.permutations(history))
    assert outcome(delivered(shuffled, TANGLED)) == outcome(delivered(history, TANGLED))


class ClockMachine(RuleBasedStateMachine):
    """Events in order and sweeps at any time, against a count of every run that is kept by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(RULES, colour="red")
        self.swept = False
        self.began = False

    @rule(step=STEPS)
    def event(self, step: tuple[str, float]) -> None:
        name, gap = step
        if not self.began and name not in RULES.starts:
            return
        self.began = True
        self.desk.happens(name, after_s=gap)
        self.swept = False  # what it set going may be due at this very moment

    @rule(gap=st.sampled_from([0, 1, 40, 80, 1_000, 100_000]))
    def sweep(self, gap: float) -> None:
        self.desk.sweeps(gap)
        self.swept = True

    @invariant()
    def states_are_legal(self) -> None:
        for clock in self.desk.watch.clocks:
            assert (clock.state is State.RUNNING) == (clock.since is not None)
            assert (clock.state in model.ENDED) == (clock.ended_at is not None) or clock.state is State.ABSORBED
            assert 0 <= clock.fired <= len(clock.terms.steps)
            assert list(clock.moments) == sorted(clock.moments)
        live = Counter(clock.rule for clock in self.desk.watch.clocks if clock.state in model.LIVE)
        assert all(count == 1 for count in live.values())

    @invariant()
    def only_time_that_runs_counts(self) -> None:
        for clock in self.desk.watch.clocks:
            if clock.state is not State.ABSORBED:
                assert clock.spent_ms + self._running(clock) == self._by_hand(clock)

    @invariant()
    def each_due_step_was_told_exactly_once_and_in_order(self) -> None:
        kinds = [kind.value for kind in model.Kind]
        for clock in self.desk.watch.clocks:
            told = [(fact.name, fact.data["step"]) for fact in self.desk.told if fact.data["clock"] == clock.id and fact.name in kinds]
            assert told == sorted(set(told), key=lambda step: (kinds.index(step[0]), step[1]))
            assert len(told) == clock.fired
            if clock.state is State.RUNNING and self.swept:
                assert clock.fired == sum(moment <= self.desk.now for moment in clock.moments)
            if clock.state in (*model.ENDED, State.PAUSED):
                assert clock.fired >= sum(step.after_ms < clock.spent_ms for step in clock.terms.steps)
                assert clock.fired <= sum(step.after_ms <= clock.spent_ms for step in clock.terms.steps)

    @invariant()
    def every_clock_starts_once_and_ends_at_most_once(self) -> None:
        told = Counter((fact.data["clock"], fact.name) for fact in self.desk.told)
        for clock in self.desk.watch.clocks:
            assert told[clock.id, "started"] == (clock.state is not State.ABSORBED)
            assert told[clock.id, "stopped"] == (clock.state is State.STOPPED)
            assert told[clock.id, "cancelled"] == (clock.state is State.CANCELLED)

    @invariant()
    def a_stop_is_late_if_more_than_the_limit_counted(self) -> None:
        for fact in self.desk.told:
            if fact.name == "stopped":
                assert fact.data["late"] == (fact.data["elapsed_s"] > fact.data["limit_s"])

    @invariant()
    def the_next_moment_is_the_earliest_that_is_still_untold(self) -> None:
        untold = [moment for c in self.desk.watch.clocks if c.state is State.RUNNING for moment in c.moments[c.fired :]]
        assert self.desk.watch.next_at == min(untold, default=None)

    @invariant()
    def an_explanation_accounts_for_every_millisecond(self) -> None:
        for clock in self.desk.watch.clocks:
            stretches = model.explained(self.desk.watch, clock, CALENDARS, self.desk.now)
            if clock.state is not State.ABSORBED:
                spent = sum((stretch.counted for stretch in stretches), timedelta())
                assert spent // model.clock.MILLISECOND == clock.spent_ms + self._running(clock)

    def _running(self, clock: Clock) -> int:
        return self._count(clock, clock.since, self.desk.now) if clock.since else 0

    def _by_hand(self, clock: Clock) -> int:
        """What ``clock`` counted until now, walking through the subject's history."""
        row, total, runs = RULES.rows[clock.rule], 0, True
        last = clock.started_at
        ends, resumes = ({on.event for on in ons} for ons in ((*row.stop, *row.cancel), row.resume))
        pauses = {on.event for on in row.pause}
        for sighting in self.desk.watch.sightings:
            if sighting.seq <= clock.seq:
                continue
            total += self._count(clock, last, sighting.at) if runs else 0
            last = sighting.at
            if sighting.event in ends:
                return total
            if sighting.event in pauses | resumes:
                runs = sighting.event in resumes
        return total + (self._count(clock, last, self.desk.now) if runs else 0)

    def _count(self, clock: Clock, start: object, end: object) -> int:
        if clock.terms.calendar is None:
            return (end - start) // model.clock.MILLISECOND  # type: ignore[operator]
        return working.elapsed(start, end, CALENDARS.current) // model.clock.MILLISECOND  # type: ignore[arg-type]


ClockMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestNoSequenceReachesAnIllegalState = ClockMachine.TestCase
