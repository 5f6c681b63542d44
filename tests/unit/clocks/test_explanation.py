from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.clocks import calendars, model
from services.clocks.book import Layer, merged, shipped
from services.clocks.calendars import Calendars
from services.clocks.working import Calendar, add, elapsed, explain
from tests.unit.clocks.clock_desk import Desk, rules_of

CHINA = calendars.from_policy(shipped()["calendar"])
PARTY = {"from": date(2026, 11, 24), "to": date(2026, 11, 25), "title": {"en": "Moving", "zh-CN": "搬迁"}}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calendar(**changes: Any) -> Calendar:
    return calendars.from_policy({**shipped()["calendar"], **changes})


def test_an_explanation_says_of_each_day_which_rule_decided_it_and_what_counted() -> None:
    days = explain(utc("2026-09-30 07:00"), utc("2026-10-10 02:00"), CHINA)  # Wednesday 15:00 to Saturday 10:00
    assert [(day.date.day, day.working, day.reason.rule, day.reason.title.get("en"), len(day.spans)) for day in days] == [
        (30, True, "weekday", None, 1),
        *((day, False, "holiday", "National Day", 0) for day in range(1, 8)),
        (8, True, "weekday", None, 1),
        (9, True, "weekday", None, 1),
        (10, True, "make_up", "National Day", 1),
    ]
    assert days[0].spans[0] == (utc("2026-09-30 07:00"), utc("2026-09-30 11:00"))
    assert days[1].reason.title["zh-CN"] == "国庆节"
    assert sum((span.length for day in days for span in day.spans), timedelta()) == timedelta(hours=4 + 11 + 11 + 2)


def test_a_weekend_is_a_day_off_without_a_name() -> None:
    (day,) = explain(utc("2026-11-28 02:00"), utc("2026-11-28 04:00"), CHINA)
    assert (day.working, day.reason.rule, day.reason.title, day.spans) == (False, "day_off", {}, ())


def test_a_company_closes_and_opens_over_everything_and_the_explanation_says_so() -> None:
    own = calendar(closures={"moving": PARTY}, openings={"handover": {"from": date(2026, 10, 3)}})
    days = {day.date: day for day in explain(utc("2026-10-01 00:00"), utc("2026-11-26 00:00"), own)}
    assert days[date(2026, 10, 3)].working
    assert (days[date(2026, 10, 3)].reason.rule, days[date(2026, 10, 3)].reason.title) == ("opening", {"en": "handover"})
    assert (days[date(2026, 11, 25)].reason.rule, days[date(2026, 11, 25)].reason.title["zh-CN"]) == ("closure", "搬迁")
    assert add(utc("2026-11-23 10:00"), timedelta(hours=2), own) == utc("2026-11-26 01:00")


def test_a_project_adds_closures_to_those_of_its_company_or_takes_one_back() -> None:
    company = {"calendar": {"closures": {"moving": PARTY}}}
    project = {"calendar": {"closures": {"moving": {"enabled": False}, "own": {"from": date(2026, 11, 26)}}}}
    rules = merged([Layer("", shipped()), Layer("", company), Layer("", project)])["calendar"]
    assert calendars.from_policy(rules).is_working_day(date(2026, 11, 24))
    assert not calendars.from_policy(rules).is_working_day(date(2026, 11, 26))


def test_reasons_survive_being_kept_and_are_no_part_of_the_version() -> None:
    kept = calendars.from_data(calendars.to_data(CHINA))
    assert kept.reasons == CHINA.reasons
    nameless = {**calendars.to_data(CHINA), "reasons": {}}
    assert calendars.from_data(nameless).version == CHINA.version


def test_a_company_may_accept_years_that_are_not_announced() -> None:
    assert calendar().is_provisional(utc("2031-01-01 12:00"))
    assert not calendar(unpublished="accept").is_provisional(utc("2031-01-01 12:00"))


def test_a_clock_is_explained_stretch_by_stretch() -> None:
    row = {"start": ["it.begun"], "stop": ["it.ended"], "pause": ["it.held"], "resume": ["it.freed"], "limit_s": 36_000}
    desk = Desk(rules_of(slow={**row, "calendar": "working"}, plain=row))
    desk.happens("it.begun")  # Monday 10:00
    desk.happens("it.held", after_s=3600)
    desk.happens("it.freed", after_s=86_400)  # Tuesday 11:00
    now = desk.now + timedelta(days=1)
    worked = model.explained(desk.watch, desk.clock("slow"), Calendars(CHINA), now)
    assert [(s.ended_by, s.counted, len(s.days)) for s in worked] == [("it.held", timedelta(hours=1), 1), ("", timedelta(hours=11), 2)]
    plain = model.explained(desk.watch, desk.clock("plain"), Calendars(CHINA), now)
    assert [(s.ended_by, s.counted, s.days) for s in plain] == [("it.held", timedelta(hours=1), ()), ("", timedelta(days=1), ())]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Havana", "America/St_Johns", "Asia/Beirut"])
def test_the_days_of_an_explanation_add_up_to_what_elapsed_around_every_midnight_leap(zone: str) -> None:
    always = calendars.from_data({**calendars.to_data(CHINA), "zone": zone, "hours": [[0, 86_400]], "weekdays": list(range(7))})
    for year in (2009, 2010, 2018):
        start = datetime(year, 1, 1, tzinfo=UTC)
        for days in range(0, 365, 5):
            first, last = start + timedelta(days=days), start + timedelta(days=days + 5)
            counted = sum((span.length for day in explain(first, last, always) for span in day.spans), timedelta())
            off = sum(not day.working for day in explain(first, last, always))
            assert counted == elapsed(first, last, always)
            assert off or counted == last - first


def test_another_country_comes_as_a_plug_in(monkeypatch: pytest.MonkeyPatch) -> None:
    day = {"from": date(2026, 12, 25), "to": date(2026, 12, 26)}
    years = {"2026": {"status": "published", "holidays": {"xmas": day}}}
    table = {"titles": {"xmas": {"en": "Christmas", "de": "Weihnachten"}}, "years": years}
    monkeypatch.setattr(calendars, "installed", lambda group: {"germany": lambda: table} if group == "steward.calendars" else {})
    germany = calendar(table="germany", zone="Europe/Berlin")
    assert germany.why(date(2026, 12, 25)).title["de"] == "Weihnachten"
    assert germany.is_working_day(date(2026, 10, 1))
    assert germany.published == {2026}
    with pytest.raises(calendars.BadCalendar, match="unknown calendar 'china'; there is germany"):
        calendar()


def test_the_shipped_calendar_is_a_plug_in_like_any_other() -> None:
    assert calendars.installed("steward.calendars")["china"] is calendars.china


def test_without_a_table_only_the_week_and_own_days_count() -> None:
    alone = calendar(table="", openings={"handover": {"from": date(2026, 11, 28)}})
    assert alone.is_working_day(date(2026, 10, 1))
    assert alone.is_working_day(date(2026, 11, 28))
    assert alone.is_provisional(utc("2026-11-23 00:00"))
