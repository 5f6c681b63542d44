"""Leave, the standing that others hear of, and the roll that keeps a role from being empty (handbook §3 ladder)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity import model
from services.identity.model import Absence, Roll, User
from services.identity.spec import SPEC
from services.identity.store import ROLLS, USERS
from steward import plugins
from steward.errors import BadInput, IllegalTransition, NotFound
from steward.facts import Decision
from steward.policy import shipped

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMITS = shipped(SPEC)["absences"]
QUALITY = "quality"


def person(name: str = "u1", **grants: list[str]) -> User:
    held = {project.replace("everywhere", "*"): roles for project, roles in grants.items()}
    return model.add_user(name, f"user-{name}", "李娜", "hash", held or {"yh": ["desk"]}, NOON).state


def leave(begins: float, until: float, name: str = "a") -> Absence:
    return Absence(name, NOON + begins * HOUR, NOON + until * HOUR)


def away(user: User, *absences: Absence) -> User:
    for absence in absences:
        user = model.add_absence(user, absence, LIMITS, NOON).state
    return user


def standing(decision: Decision[User]) -> dict[str, object]:
    (fact,) = [fact for fact in decision.facts if fact.name == "standing_changed"]
    schema = plugins.load(SPEC.event(fact.name).schema)()
    told: dict[str, object] = schema.dump(fact.data)
    assert schema.load(told)
    return told


@pytest.mark.parametrize(
    ("absence", "field"),
    [
        (leave(2, 1), "until"),
        (leave(1, 1), "until"),
        (leave(-2, -1), "until"),
        (leave(-2, 0), "until"),
        (leave(0, 24 * 500), "until"),
        (leave(3, 5), "from"),
        (leave(1, 3), "from"),
        (leave(1, 9), "from"),
        (leave(2, 4), "from"),
    ],
)
def test_a_leave_that_cannot_be_is_refused_by_its_field(absence: Absence, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        model.add_absence(away(person(), leave(2, 4, "known")), absence, LIMITS, NOON)
    assert caught.value.extra["errors"][0]["field"] == field


def test_leaves_that_touch_do_not_overlap_and_stand_in_order() -> None:
    user = away(person(), leave(4, 6, "c"), leave(0, 2, "a"), leave(2, 4, "b"))
    assert [absence.id for absence in user.away] == ["a", "b", "c"]
    assert USERS.from_document(USERS.to_document(user)) == user


def test_what_is_over_is_forgotten_and_so_many_are_known_at_most() -> None:
    user = person()
    for number in range(LIMITS["most"]):
        user = away(user, leave(number, number + 1, str(number)))
    with pytest.raises(BadInput, match="from"):
        away(user, leave(100, 101))
    later = model.add_absence(user, leave(100, 101), LIMITS, NOON + 2 * HOUR).state
    assert [absence.id for absence in later.away][:1] == ["2"]


def test_somebody_stands_in_for_who_is_on_leave_in_all_their_roles_there_as_long_as_it_lasts() -> None:
    boss = away(person("boss", yh=["manager"], everywhere=["quality"], other=["desk"]), replace(leave(1, 3), deputy="u2"))
    at = {hours: [*model.deputised([boss], "u2", "yh", NOON + hours * HOUR)] for hours in (0, 1, 2, 3)}
    both = [("boss", "manager"), ("boss", "quality")]
    assert at == {0: [], 1: both, 2: both, 3: []}
    assert not [*model.deputised([boss], "u3", "yh", NOON + 2 * HOUR)]
    assert not [*model.deputised([model.set_active(boss, False).state], "u2", "yh", NOON + 2 * HOUR)]
    back = model.end_absence(boss, "a", NOON + 2 * HOUR).state
    assert not [*model.deputised([back], "u2", "yh", NOON + 2 * HOUR)]


def test_nobody_stands_in_for_themselves() -> None:
    with pytest.raises(BadInput, match="deputy"):
        away(person("u1"), replace(leave(1, 2), deputy="u1"))


def test_a_leave_is_ended_early_or_withdrawn_and_not_twice() -> None:
    user = away(person(), leave(-1, 2, "now"), leave(5, 6, "later"))
    back = model.end_absence(user, "now", NOON)
    assert [absence.id for absence in back.state.away] == ["later"]
    assert model.end_absence(back.state, "later", NOON).state.away == ()
    for gone, at in (("now", NOON + 2 * HOUR), ("other", NOON)):
        with pytest.raises(NotFound):
            model.end_absence(user, gone, at)


def test_every_change_of_a_standing_tells_all_of_it() -> None:
    gone = model.add_absence(person(), leave(1, 2), LIMITS, NOON)
    spell = {"from": "2026-11-23T05:00:00+00:00", "until": "2026-11-23T06:00:00+00:00"}
    assert standing(gone) == {"user": "u1", "active": True, "grants": {"yh": ["desk"]}, "away": [spell]}
    manager = model.grant(gone.state, "xh", ["manager"])
    assert standing(manager) == {"user": "u1", "active": True, "grants": {"yh": ["desk"], "xh": ["manager"]}, "away": [spell]}
    assert standing(model.set_active(manager.state, False))["active"] is False
    assert standing(model.end_absence(manager.state, "a", NOON))["away"] == []
    assert [fact.name for fact in model.add_user("u2", "li", "Li", "hash", {}, NOON).facts] == ["user_added", "standing_changed"]


spells = st.lists(st.tuples(st.integers(-30, 30), st.integers(-30, 30)), max_size=12)


@given(spells, st.integers(0, 30))
def test_whatever_is_asked_leaves_never_overlap_and_are_in_order(asked: list[tuple[int, int]], passed: int) -> None:
    user, now = person(), NOON + passed * HOUR
    for number, (begins, until) in enumerate(asked):
        try:
            user = model.add_absence(user, leave(begins, until, str(number)), LIMITS, now).state
        except BadInput:
            continue
        assert all(absence.begins < absence.until and absence.until > now for absence in user.away)
        assert all(one.until <= other.begins for one, other in zip(user.away, user.away[1:], strict=False))


def changed(roll: Roll, user: User) -> Roll:
    return model.keep_filled(roll, user, NOON).state


def test_the_last_of_quality_can_neither_lose_it_nor_be_shut_out_nor_go_on_leave() -> None:
    last = person("q1", everywhere=[QUALITY])
    roll = changed(Roll(QUALITY, {}), last)
    for after in (
        model.grant(last, "*", []).state,
        model.grant(last, "*", ["auditor"]).state,
        model.set_active(last, False).state,
        away(last, leave(100, 101)),
    ):
        with pytest.raises(IllegalTransition, match="nobody would hold the role quality in all projects") as caught:
            changed(roll, after)
        assert (caught.value.status, caught.value.extra["role"], caught.value.extra["project"]) == (409, QUALITY, "*")


def test_who_is_not_the_last_may_go_and_leaves_may_follow_one_another_without_a_gap() -> None:
    one, two = person("q1", everywhere=[QUALITY]), person("q2", everywhere=[QUALITY])
    roll = model.roll_of(QUALITY, [one, two])
    roll = changed(roll, away(one, leave(1, 3)))
    roll = changed(roll, away(two, leave(3, 5)))
    with pytest.raises(IllegalTransition, match="2026-11-23T06:59"):
        changed(roll, away(two, leave(3, 5), Absence("b", NOON + 2.99 * HOUR, NOON + 3 * HOUR)))
    with pytest.raises(IllegalTransition):
        changed(roll, model.set_active(one, False).state)


def test_somebody_of_one_project_fills_it_alone_and_does_not_fill_the_others() -> None:
    everywhere, here = person("q1", everywhere=[QUALITY]), person("q2", yh=[QUALITY])
    roll = model.roll_of(QUALITY, [everywhere, here])
    assert changed(roll, model.grant(here, "yh", []).state).members.keys() == {"q1"}
    with pytest.raises(IllegalTransition, match="all projects"):
        changed(roll, model.set_active(everywhere, False).state)
    with pytest.raises(IllegalTransition, match="project yh"):
        changed(model.roll_of(QUALITY, [here]), model.grant(here, "yh", []).state)


def test_where_nobody_is_nothing_is_refused() -> None:
    assert changed(Roll(QUALITY, {}), person("d", yh=["desk"])).members == {}
    out = model.set_active(away(person("q", everywhere=[QUALITY]), leave(1, 2)), False).state
    assert changed(Roll(QUALITY, {}), out).members == {}
    assert changed(Roll(QUALITY, {}), replace(out, active=True)).members.keys() == {"q"}


hours = st.integers(-3, 12)
names = st.sampled_from(["q1", "q2", "q3"])
commands = st.sampled_from(["grant", "ungrant", "in", "out", "leave", "back"])
steps = st.tuples(names, commands, st.sampled_from(["*", "yh"]), hours, hours)


def decided(user: User, what: str, place: str, begins: int, until: int, now: datetime) -> User:
    match what:
        case "grant" | "ungrant":
            return model.grant(user, place, [QUALITY] if what == "grant" else []).state
        case "in" | "out":
            return model.set_active(user, what == "in").state
        case "leave":
            return model.add_absence(user, leave(begins, until, f"{begins}"), LIMITS, now).state
        case _:
            return model.end_absence(user, user.away[0].id if user.away else "", now).state


def there(users: dict[str, User], place: str, at: datetime) -> bool:
    """Asked of the users themselves, not of the roll."""
    held = [user for user in users.values() if user.active and QUALITY in (*user.grants.get("*", ()), *user.grants.get(place, ()))]
    return any(not any(absence.begins <= at < absence.until for absence in user.away) for user in held)


@given(st.lists(steps, max_size=25), st.integers(0, 4))
def test_no_sequence_of_commands_takes_away_the_last_one_there(sequence: list[tuple[str, str, str, int, int]], passed: int) -> None:
    users = {name: person(name, xh=["desk"]) for name in ("q1", "q2", "q3")}
    roll, now = Roll(QUALITY, {}), NOON
    for number, (name, what, place, begins, until) in enumerate(sequence):
        now = NOON + passed * HOUR if number > len(sequence) // 2 else now
        try:
            after = decided(users[name], what, place, begins, until, now)
        except (BadInput, NotFound, IllegalTransition):
            continue
        empties = [
            (where, at)
            for where in ("*", "yh", "xh")
            for at in [now, *(NOON + half * HOUR / 2 for half in range(-6, 26))]
            if at >= now and there(users, where, at) and not there({**users, name: after}, where, at)
        ]
        try:
            roll = model.keep_filled(roll, after, now).state
        except IllegalTransition:
            assert empties
            continue
        assert not empties
        users[name] = after
        assert roll == model.roll_of(QUALITY, users.values())
        assert ROLLS.from_document(ROLLS.to_document(roll)) == roll
