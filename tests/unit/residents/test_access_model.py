"""A copy of what is held of somebody: collected from all, ready with the last, gone when its days are over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.residents.model import access
from services.residents.model.access import AccessRequest, AccessState, Part
from services.residents.store import ACCESS
from steward.copies import section
from steward.facts import Decision
from tests.unit.residents.case_desk import DESK, NOON

SERVICES = ("residents", "tickets", "notify")
REQUEST = AccessRequest("r1", "yh", "p1", "asked at the desk", DESK, SERVICES, access.until(NOON, 15))


@settings(deadline=None)  # the first one makes the converter
@given(st.lists(st.sampled_from((*SERVICES, "clocks"))))
def test_it_is_ready_when_all_have_answered_in_whatever_order_and_however_often(answers: list[str]) -> None:
    request, told = REQUEST, []
    for service in answers:
        decision = access.add(request, Part(service, service.encode()))
        request, told = decision.state, [*told, *(fact.name for fact in decision.facts)]
    assert set(request.missing) == set(SERVICES) - set(answers)
    assert (request.state is AccessState.READY) == (not request.missing) == (told == ["access_ready"])
    assert [part.service for part in access.in_order(request)] == [service for service in SERVICES if service in answers]
    assert ACCESS.from_document(ACCESS.to_document(request)) == request


def test_when_its_days_are_over_nothing_of_it_is_left_and_late_answers_are_not_kept() -> None:
    (asked,) = access.ask(REQUEST).facts
    ended = access.end(access.add(REQUEST, Part("tickets", b"sealed")).state)
    assert (asked.name, ended.state.parts, ended.state.missing, [fact.name for fact in ended.facts]) == (
        "access_requested", (), (), ["access_ended"],
    )  # fmt: skip
    assert access.add(ended.state, Part("notify", b"sealed")).state == ended.state
    gone = access.file_gone(REQUEST)
    assert (gone.state, gone.facts) == (replace(ended.state, reason=""), ended.facts)
    assert access.file_gone(ended.state) == Decision(gone.state)
    assert ACCESS.to_document(REQUEST)["ends_at"] == NOON + timedelta(days=15)
    assert ACCESS.to_document(ended.state)["ends_at"] is None


def test_a_section_says_what_there_is_and_leaves_out_what_there_is_not() -> None:
    moment = datetime(2026, 11, 23, 4, tzinfo=UTC)
    row = {"房号": "3-1-502", "至": None, "份额": "", "自": date(2026, 1, 5), "时间": moment}
    assert section("房屋", [row]) == {
        "title": "房屋",
        "rows": [{"房号": "3-1-502", "自": "2026-01-05", "时间": "2026-11-23T04:00:00.000Z"}],
    }
