"""What is granted in a company: held in each of its projects, told as it was given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity import model
from services.identity.model import Absence, Company, Roll, User, companies
from services.identity.model.users import known_in
from services.identity.sight import sees, visible
from services.identity.spec import SPEC
from services.identity.store import COMPANIES, USERS
from steward import plugins
from steward.errors import BadInput, IllegalTransition
from steward.facts import Decision
from steward.policy import shipped
from steward.trust.principals import Principal, prove, sign

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LIMITS = shipped(SPEC)["absences"]
KEY = "k" * 64
SHORT = 8_192
"""Characters of the longest header line that the gateway's server reads."""

ROLES = st.sampled_from((("desk",), ("manager", "desk"), ("quality",)))
PROJECTS = ("yh", "xh", "qy")
GRANTS = st.dictionaries(st.sampled_from((*PROJECTS, "*", "company:acme", "company:bettr")), ROLES)
ESTATES = st.fixed_dictionaries(
    {"company:acme": st.lists(st.sampled_from(PROJECTS), unique=True).map(tuple), "company:bettr": st.just(("zz",))}
)


def person(name: str = "u1", estates: companies.Estates | None = None, **grants: list[str]) -> User:
    known = estates or {"company:acme": ("xh", "yh")}
    held = {place.replace("acme", "company:acme"): roles for place, roles in grants.items()}
    return model.add_user(name, f"user-{name}", "李娜", "hash", held, NOON, estates=known).state


def told(decision: Decision[User]) -> dict[str, list[str]]:
    (fact,) = [fact for fact in decision.facts if fact.name == "standing_changed"]
    schema = plugins.load(SPEC.event(fact.name).schema)()
    data = schema.dump(fact.data)
    assert schema.load(data)
    grants: dict[str, list[str]] = data["grants"]
    return grants


def test_a_grant_in_a_company_is_kept_as_given_and_holds_in_each_of_its_projects() -> None:
    user = person(acme=["manager"], yh=["desk"])
    assert user.grants == {"company:acme": ("manager",), "yh": ("desk",)}
    assert user.held == {"company:acme": ("manager",), "xh": ("manager",), "yh": ("desk", "manager")}
    assert USERS.from_document(USERS.to_document(user)) == user
    assert USERS.to_document(user)["companies"] == ["company:acme"]


def test_whoever_hears_of_somebodys_standing_hears_of_every_project() -> None:
    granted = model.grant(person(yh=["desk"]), "company:acme", ["quality"], estates={"company:acme": ("xh", "yh")})
    assert told(granted) == {"yh": ["desk", "quality"], "xh": ["quality"], "company:acme": ["quality"]}
    wider = model.widen(granted.state, "company:acme", ("qy", "xh", "yh"))
    assert told(wider)["qy"] == ["quality"]
    assert told(model.grant(wider.state, "company:acme", [])) == {"yh": ["desk"]}
    assert model.grant(wider.state, "company:acme", []).state.estates == {}


def test_other_grants_leave_what_is_held_in_a_company_alone() -> None:
    user = model.grant(person(acme=["manager"]), "qy", ["desk"]).state
    assert user.held == {"company:acme": ("manager",), "xh": ("manager",), "yh": ("manager",), "qy": ("desk",)}


@pytest.mark.parametrize("place", ["company:", "company:*", "company:A", "company:a b", "acme:yh", "company:company:a", "company:a\n"])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(BadInput, match="grants"):
        model.grant(person(), place, ["desk"])


def test_a_project_is_told_of_once() -> None:
    first = companies.opened(Company("company:acme"), "yh")
    assert first and COMPANIES.from_document(COMPANIES.to_document(first.state)) == first.state
    second = companies.opened(first.state, "xh")
    assert second and second.state.projects == ("xh", "yh")
    assert companies.opened(second.state, "yh") is None


@given(GRANTS, ESTATES)
def test_what_is_shown_is_what_was_given_and_comes_to_the_same(grants: companies.Grants, estates: companies.Estates) -> None:
    held = companies.expanded(grants, estates)
    shown = companies.as_given(held, estates)
    assert companies.expanded(shown, estates).keys() == held.keys()
    assert all(set(roles) == set(held[place]) for place, roles in companies.expanded(shown, estates).items())
    assert shown.items() <= {place: shown.get(place) for place in grants}.items()


@given(GRANTS, ESTATES)
def test_nothing_is_held_outside_a_company_by_a_grant_in_it(grants: companies.Grants, estates: companies.Estates) -> None:
    of_acme = {place: roles for place, roles in grants.items() if place == "company:acme"}
    assert companies.expanded(of_acme, estates).keys() <= {"company:acme", *estates["company:acme"]}


def test_leave_and_deputies_count_what_is_held_by_a_company() -> None:
    leave = Absence("a", NOON, NOON + timedelta(hours=2), "u2")
    boss = model.add_absence(person(acme=["manager"]), leave, LIMITS, NOON)
    assert told(boss)["yh"] == ["manager"]
    assert list(model.deputised([boss.state], "u2", "yh", NOON)) == [("u1", "manager")]
    assert list(model.deputised([boss.state], "u2", "qy", NOON)) == []


def test_the_last_of_a_role_in_a_project_may_hold_it_by_the_company() -> None:
    roll = model.roll_of("quality", [person("u1", acme=["quality"]), person("u2", yh=["quality"])])
    assert roll.members["u1"].places == ("xh", "yh")
    kept = model.keep_filled(roll, person("u2", yh=["desk"]), NOON)
    with pytest.raises(IllegalTransition, match="project xh"):
        model.keep_filled(kept.state, person("u1", acme=["desk"]), NOON)
    by_each = model.roll_of("quality", [person("u1", acme=["quality"]), person("u2", yh=["quality"], xh=["quality"])])
    assert isinstance(model.keep_filled(by_each, person("u1"), NOON).state, Roll)


def test_who_administers_a_company_sees_all_in_it_and_who_administers_a_project_not_those_of_the_company() -> None:
    boss, local = Principal("user:b", "", person(acme=["admin"]).held), Principal("user:l", "", {"yh": ("admin",)})
    every = Principal("user:e", "", {"yh": ("admin",), "xh": ("admin",)})
    other = person("u2", acme=["desk"]).grants
    assert sees(boss, "identity.manage", other) and sees(boss, "identity.manage", {"yh": ("desk",)})
    assert not sees(boss, "identity.manage", {"qy": ("desk",)})
    for not_all in (local, every):
        assert not sees(not_all, "identity.manage", other)
        assert not not_all.may("identity.manage", "company:acme")
    assert visible(boss, "identity.manage", {**other, "qy": ("desk",)}) == other


def test_a_token_for_many_projects_fits_a_header_and_says_the_same() -> None:
    held = {"company:acme": ("manager", "supervisor", "quality")}
    many = {"company:acme": tuple(f"garden-{n:03}-estate" for n in range(200))}
    principal = Principal("user:u1", "李娜", companies.expanded(held, many) | {"qy": ("desk",)}, "s1")
    token = sign(principal, KEY, datetime.now(UTC), timedelta(hours=1))
    assert prove(token, KEY).principal == principal
    assert len(f"Authorization: Bearer {token}") < SHORT


def named_in(user: User) -> list[str]:
    return [place for place in (*PROJECTS, "zz") if known_in(place, {*user.staffed, *user.once})]


def test_who_was_of_the_staff_somewhere_is_known_there_by_name_and_nowhere_else() -> None:
    user = person(acme=["desk"], qy=["cashier"])
    assert named_in(user) == list(PROJECTS) and known_in("*", user.staffed)
    for place in ("company:acme", "qy"):
        user = model.grant(user, place, []).state
    assert not user.held and named_in(user) == list(PROJECTS)
    assert "qy" not in model.grant(user, "qy", ["desk"]).state.once
    assert named_in(person("u2", **{"*": ["quality"]})) == [*PROJECTS, "zz"]


def test_what_residents_are_called_is_not_told_even_once_they_are_none() -> None:
    resident = person(qy=["resident"])
    assert named_in(resident) == named_in(model.grant(resident, "qy", []).state) == []
    assert named_in(model.grant(person(qy=["desk", "resident"]), "qy", ["resident"]).state) == ["qy"]
