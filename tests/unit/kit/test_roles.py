"""What a company's roles.toml makes of who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity import model
from services.identity.checking import known_roles
from steward.errors import BadInput
from steward.policy import PolicyError
from steward.settings import adopted
from steward.trust import roles
from steward.trust.principals import Principal

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)

SHIPPED = {
    "tickets.read": frozenset({"desk", "manager"}),
    "tickets.cancel": frozenset({"desk"}),
    "tickets.close": frozenset({"manager"}),
    "identity.watch": frozenset[str](),
    "identity.enrol": frozenset({"desk", "manager", "enrolling"}),
}


def understood(folder: Path, text: str) -> dict[str, frozenset[str]]:
    (folder / "roles.toml").write_text(text, encoding="utf-8")
    return roles.understood(SHIPPED, folder)


def held(holders: dict[str, frozenset[str]], role: str) -> set[str]:
    return {permission for permission, found in holders.items() if role in found}


def test_without_a_file_everything_is_as_shipped(tmp_path: Path) -> None:
    assert roles.understood(SHIPPED, None) == roles.understood(SHIPPED, tmp_path) == understood(tmp_path, "") == SHIPPED
    assert set(roles.declared()) == set(roles.permitted())


def test_a_permission_is_moved_and_roles_of_the_companys_own_follow_what_they_are_like(tmp_path: Path) -> None:
    found = understood(
        tmp_path,
        """
        [roles.night_desk]
        like = "desk"
        with = ["tickets.close"]
        [roles.desk]
        without = ["tickets.cancel"]
        [roles.manager]
        with = ["tickets.cancel"]
        [roles.reader]
        with = ["tickets.read"]
        """,
    )
    assert held(found, "desk") == {"tickets.read", "identity.enrol"}
    assert held(found, "manager") == {"tickets.read", "tickets.close", "tickets.cancel", "identity.enrol"}
    assert held(found, "night_desk") == {"tickets.read", "identity.enrol", "tickets.close"}
    assert held(found, "reader") == {"tickets.read"}
    assert held(found, "enrolling") == {"identity.enrol"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[roles.desk]\nwithout = [\n  'tickets.read',\n  'tickets.cancle',\n]",
            ":4: desk: there is no permission 'tickets.cancle': did you mean tickets.c",
        ),
        ("# desk\n[roles.manager]\nwithout = ['tickets.cancel']", ":3: manager: does not hold 'tickets.cancel', and cannot lose it"),
        ("[roles.night]\nlike = 'desc'", ":2: night: no shipped role is called 'desc': did you mean desk?"),
        ("[roles.a1]\nlike = 'desk'\n[roles.b1]\nlike = 'a1'", ":4: b1: no shipped role is called 'a1'"),
        ("[roles.desk]\nlike = 'manager'", ":2: desk: is shipped, and like itself"),
        ("[roles.desk]\nwhit = []", ":2: desk: there is no 'whit' here: did you mean with?"),
        ("[roles.gate]\nwith = 'tickets.read'", ":2: gate: with: expected a list of permissions"),
        ("[roles.gate]\nwith = ['identity.watch']", ":2: gate: 'identity.watch' is for services alone"),
        ("[roles.system]\nwith = ['tickets.read']", ":1: system: is no name for a role"),
        ("\n[roles.enrolling]\nwith = ['tickets.read']", ":2: enrolling: is no name for a role"),
        ("[roles.'Night Desk']\nlike = 'desk'", ":1: Night Desk: is no name for a role"),
        ("[roles]\ngate = { with = ['tickets.rea'] }", ":2: gate: there is no permission 'tickets.rea'"),
        ("[role.desk]\nwithout = []", ":1: role: expected tables [roles.NAME]"),
        ("roles = 3", ":1: roles: expected tables [roles.NAME]"),
        ("[roles]\ndesk = 3", ":2: desk: expected a table"),
    ],
)
def test_what_names_something_that_there_is_not_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        understood(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'roles.toml'}{said}")


def test_the_example_in_the_documentation_can_be_followed(tmp_path: Path) -> None:
    text = Path("docs/identity.md").read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "roles.toml").write_text(text, encoding="utf-8")
    shipped, found = roles.declared(), roles.understood(roles.declared(), tmp_path)
    assert held(found, "desk") == held(shipped, "desk") - {"tickets.settle"}
    assert held(found, "night_desk") == held(found, "desk") | {"dispatch.assign"}


@pytest.fixture
def night_desk(tmp_path: Path) -> Iterator[None]:
    """An installation whose company has a role of its own."""
    (tmp_path / "roles.toml").write_text("[roles.night_desk]\nlike = 'desk'\nwithout = ['tickets.settle']", encoding="utf-8")
    with adopted({"STEWARD_POLICY": str(tmp_path)}):
        _forget()
        yield
    _forget()


def _forget() -> None:
    roles.permitted.cache_clear()
    roles.named.cache_clear()


@pytest.mark.usefixtures("night_desk")
def test_a_role_of_the_companys_own_can_be_granted_and_holds_what_is_said_where_it_is_granted() -> None:
    user = model.add_user("u1", "li.na", "Li", "hash", {"yh": ["night_desk"]}, NOON, known_roles()).state
    principal = Principal("user:u1", grants=user.grants)
    assert principal.may("tickets.raise", "yh") and principal.may("identity.me")
    assert not principal.may("tickets.settle", "yh") and not principal.may("tickets.raise", "xh")
    with pytest.raises(BadInput):
        model.grant(user, "yh", ["day_desk"], known_roles())


names = st.sampled_from(sorted(SHIPPED))
rows = st.fixed_dictionaries({}, optional={"without": st.lists(names, max_size=3), "with": st.lists(names, max_size=3)})


@given(st.dictionaries(st.sampled_from(["desk", "manager", "gate"]), rows, max_size=3))
def test_whatever_is_said_nobody_gains_what_is_not_named(said: dict[str, dict[str, list[str]]]) -> None:
    try:
        found = roles.changed(SHIPPED, said)
    except roles.BadRole:
        return
    for role in ("desk", "manager", "gate", "enrolling"):
        before, row = held(SHIPPED, role), said.get(role, {})
        assert held(found, role) == (before - set(row.get("without", []))) | set(row.get("with", []))
    assert found["identity.watch"] == frozenset()
