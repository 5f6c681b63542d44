"""What a service must know of leave before somebody decides for somebody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from steward.bus.approving import Approving
from steward.context import Context
from steward.errors import DeadlineExceeded, NotFound, NotPermitted, StewardError, Unavailable
from steward.service import Service
from steward.spec import Approved, ServiceSpec
from steward.trust.approvals import Approval, Rule
from steward.trust.principals import Principal

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SPEC = ServiceSpec("keys", {}, "", approvals=(Approved("keys"),))
ASKED = Approval("a1", "yh", "keys", "k1", "keys/k1", "user:asker", NOON, "", Rule((("manager",),), 24))
YES = {"reason": "", "role": None}


@dataclass
class People:
    """The service that knows of leave: what it says, or why it does not."""

    says: Any = field(default_factory=list)
    asked: int = 0

    @property
    def identity(self) -> People:
        return self

    def standing_in(self, project: str, user: str) -> dict[str, Any]:
        self.asked += 1
        if isinstance(self.says, StewardError):
            raise self.says
        return {"items": self.says}


class Kept:
    """A store that holds one approval and takes no other."""

    @property
    def read(self) -> Kept:
        return self

    def get(self, repository: object, id: str, project: str) -> Approval:
        return ASKED

    def work(self) -> Any:
        raise AssertionError("something was decided")


def desk(people: People, *roles: str, who: str = "user:deputy") -> Approving:
    context = Context(Principal(who, "", {"yh": roles}), NOON, "c", "k")
    return Approving(None, SPEC, Kept(), context, None, people)  # type: ignore[arg-type]


@pytest.mark.parametrize("away", [Unavailable("the broker is away"), DeadlineExceeded("identity did not answer in time")])
def test_nobody_decides_for_anybody_while_it_cannot_be_known_who_stands_in_for_whom(away: StewardError) -> None:
    for ask in (
        lambda: desk(People(away), "desk").vote("yh", "a1", True, YES),
        lambda: desk(People(away), "desk").show("yh", "a1"),
        lambda: desk(People(away), "manager").page("yh", {"mine": True, "state": None, "kind": None}),
    ):
        with pytest.raises(Unavailable, match="stands in"):
            ask()


def test_whoever_holds_the_role_decides_though_nobody_knows_of_leave() -> None:
    people = People(Unavailable("away"))
    with pytest.raises(AssertionError, match="decided"):
        desk(people, "manager").vote("yh", "a1", True, YES)
    assert people.asked == 0


def test_who_stands_in_for_nobody_who_is_needed_is_told_that_there_is_nothing() -> None:
    for says in ([], [{"person": "user:boss", "role": "supervisor"}], NotFound("no call identity.standing_in")):
        with pytest.raises(NotFound, match="a1"):
            desk(People(says), "desk").vote("yh", "a1", True, YES)
    with pytest.raises(AssertionError, match="decided"):
        desk(People([{"person": "user:boss", "role": "manager"}]), "desk").vote("yh", "a1", True, YES)


def test_whoever_speaks_in_the_role_of_somebody_absent_is_asked_about_though_they_hold_another() -> None:
    people = People([])
    with pytest.raises(AssertionError, match="decided"):
        desk(people, "manager").vote("yh", "a1", True, YES | {"role": "supervisor"})
    assert people.asked == 1


def test_programs_do_not_decide() -> None:
    with pytest.raises(NotPermitted, match="programs"):
        desk(People(), "manager", who="key:k1").vote("yh", "a1", True, YES)


def test_a_service_that_has_things_approved_keeps_them_tells_of_them_and_does_what_is_granted() -> None:
    with pytest.raises(TypeError, match="APPROVALS"):
        type("Keys", (Service,), {"spec": SPEC})
    nobody_does_it = ServiceSpec("keys", {}, "", approvals=(Approved("keys", granted="lend"),))
    with pytest.raises(TypeError, match="lend"):
        type("Keys", (Service,), {"spec": nobody_does_it})
