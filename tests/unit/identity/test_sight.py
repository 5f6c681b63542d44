from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.identity.sight import granted_in, sees, visible
from steward.trust.principals import EVERYWHERE, Principal

PLACES = st.sampled_from(("yh", "xh", "qy", EVERYWHERE))
GRANTS = st.dictionaries(PLACES, st.sampled_from(((), ("desk",), ("admin",), ("desk", "admin"))))
MANAGE = "identity.manage"


def matches(query: dict[str, object], grants: dict[str, tuple[str, ...]]) -> bool:
    """What the store makes of ``query``."""
    ways = query.get("$or")
    return ways is None or any(f"grants.{project}" in way for project in grants for way in ways)  # type: ignore[attr-defined]


@given(GRANTS, GRANTS)
def test_the_store_is_asked_for_those_whom_one_may_see_and_for_nobody_else(
    mine: dict[str, tuple[str, ...]], of: dict[str, tuple[str, ...]]
) -> None:
    me = Principal("user:me", "me", mine)
    if me.may(MANAGE):
        assert matches(granted_in(me, MANAGE), of) == sees(me, MANAGE, of)


@given(GRANTS, GRANTS)
def test_of_their_grants_one_sees_those_where_one_manages(mine: dict[str, tuple[str, ...]], of: dict[str, tuple[str, ...]]) -> None:
    me = Principal("user:me", "me", mine)
    assert visible(me, MANAGE, of) == {project: roles for project, roles in of.items() if me.may(MANAGE, project)}
    assert not visible(me, MANAGE, of) or sees(me, MANAGE, of)
