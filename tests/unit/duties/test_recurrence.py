"""When something recurs: the edges of months, years and clocks, and rules that nobody can follow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from services.duties import model
from services.duties.model import BadRecurrence, Recurrence
from services.duties.model.recurrence import ANCHOR, HORIZON
from tests.unit.duties.rows import LORD_HOWE, NEW_YORK, SHANGHAI, terms

LAST_OF_28_TO_30 = "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1"


def windows(zone: str, since: str, count: int, **said: Any) -> list[tuple[str, str]]:
    """When a duty opens and is due, on the clocks of ``zone``."""
    after = datetime.fromisoformat(since).astimezone(UTC)
    turns = model.upcoming(terms(**said), zone, after, after + timedelta(days=5000), count)
    return [(turn.name, model.local_of(turn.due_at, zone).isoformat(timespec="minutes")) for turn in turns]


def test_statements_are_due_on_the_last_day_there_is_of_28_to_30() -> None:
    found = windows(SHANGHAI, "2027-01-01T00:00Z", 3, rule="FREQ=MONTHLY;BYMONTHDAY=28", due=LAST_OF_28_TO_30)
    assert [due[5:10] for _, due in found] == ["01-30", "02-28", "03-30"]
    leap = windows(SHANGHAI, "2028-02-01T00:00Z", 1, rule="FREQ=MONTHLY;BYMONTHDAY=28", due=LAST_OF_28_TO_30)
    assert leap == [("2028-02-28T08:00", "2028-02-29T18:00")]


def test_the_end_of_a_month_is_its_last_day_whichever_that_is() -> None:
    found = windows(SHANGHAI, "2028-01-30T00:00Z", 4, rule="FREQ=MONTHLY;BYMONTHDAY=-1")
    assert [opens[5:10] for opens, _ in found] == ["01-31", "02-29", "03-31", "04-30"]


def test_a_month_without_a_31st_has_no_such_turn() -> None:
    found = windows(SHANGHAI, "2027-01-01T00:00Z", 3, rule="FREQ=MONTHLY;BYMONTHDAY=31")
    assert [opens[5:10] for opens, _ in found] == ["01-31", "03-31", "05-31"]


def test_the_29th_of_february_comes_in_leap_years_even_where_eight_years_lie_between() -> None:
    found = windows(SHANGHAI, "2092-03-01T00:00Z", 2, rule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")
    assert [opens[:10] for opens, _ in found] == ["2096-02-29", "2104-02-29"]


def test_each_project_opens_by_its_own_clock() -> None:
    daily = terms(rule="FREQ=DAILY")
    local = datetime(2026, 11, 23, 8)
    opens = {zone: model.occurrence(daily, local, zone).opens_at.hour for zone in (SHANGHAI, NEW_YORK, "UTC")}
    assert opens == {SHANGHAI: 0, NEW_YORK: 13, "UTC": 8}


def test_a_time_that_the_clock_skips_in_spring_is_kept_an_hour_later() -> None:
    night = terms(rule="FREQ=DAILY;BYHOUR=2;BYMINUTE=30", due_s=3600)
    skipped = model.occurrence(night, datetime(2027, 3, 14, 2, 30), NEW_YORK)
    assert (skipped.name, skipped.opens_at.isoformat()) == ("2027-03-14T02:30", "2027-03-14T07:30:00+00:00")
    assert model.local_of(skipped.opens_at, NEW_YORK) == datetime(2027, 3, 14, 3, 30)


def test_a_time_that_comes_twice_in_autumn_counts_once_the_first_time() -> None:
    night = terms(rule="FREQ=DAILY;BYHOUR=1;BYMINUTE=30", due_s=3600)
    after = datetime(2027, 11, 7, 3, 0, tzinfo=UTC)
    turns = list(model.upcoming(night, NEW_YORK, after, after + timedelta(hours=24), 10))
    assert [turn.opens_at.isoformat() for turn in turns] == ["2027-11-07T05:30:00+00:00"]
    assert (turns[0].due_at - turns[0].opens_at) == timedelta(hours=1)


def test_in_the_hour_that_comes_twice_nothing_is_to_come_that_has_come() -> None:
    second = datetime(2027, 11, 7, 6, 10, tzinfo=UTC)  # 01:10 for the second time
    (turn,) = model.upcoming(terms(rule="FREQ=DAILY;BYHOUR=1;BYMINUTE=30", due_s=60), NEW_YORK, second, second + timedelta(hours=26), 9)
    assert turn.name == "2027-11-08T01:30"


def test_no_window_ends_before_it_opens_even_where_half_an_hour_is_skipped() -> None:
    gap = terms(rule="FREQ=DAILY;BYHOUR=2;BYMINUTE=15", due="FREQ=DAILY;BYHOUR=2;BYMINUTE=30")
    turn = model.occurrence(gap, datetime(2026, 10, 4, 2, 15), LORD_HOWE)
    assert turn.due_at == turn.opens_at + timedelta(minutes=15)


def test_what_is_due_before_the_usual_hour_is_due_the_same_day() -> None:
    found = windows(SHANGHAI, "2027-01-01T00:00Z", 1, opens="07:00", due="FREQ=DAILY;BYHOUR=12")
    assert found == [("2027-01-02T07:00", "2027-01-02T12:00")]


def test_every_second_week_and_every_third_month_keep_their_beat_for_years() -> None:
    weeks = Recurrence("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", time(8))
    found = list(islice(weeks.following(datetime(2031, 5, 1)), 2))
    assert [(day - datetime(2024, 1, 1, 8)).days % 14 for day in found] == [0, 0]
    months = Recurrence("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1", time(8))
    assert [day.month for day in islice(months.following(datetime(2031, 5, 1)), 4)] == [7, 10, 1, 4]


def rules() -> st.SearchStrategy[str]:
    interval = st.integers(1, 9).map(lambda n: f";INTERVAL={n}")
    frequent = st.tuples(st.sampled_from(["SECONDLY", "MINUTELY", "HOURLY"]), interval).map(lambda t: f"FREQ={t[0]}{t[1]}")
    days = st.sampled_from(["", ";BYDAY=MO,TH", ";BYMONTHDAY=1,15,-1", ";BYMONTH=2,7", ";BYHOUR=8,14", ";BYHOUR=9;BYMINUTE=30"])
    daily = st.tuples(st.sampled_from(["DAILY", "MONTHLY", "YEARLY"]), interval, days).map(lambda t: f"FREQ={t[0]}{t[1]}{t[2]}")
    weekly = st.tuples(interval, st.sampled_from(["", ";BYDAY=MO,TH", ";BYDAY=SU;WKST=SU"])).map(lambda t: f"FREQ=WEEKLY{t[0]}{t[1]}")
    return st.one_of(frequent, daily, weekly)


@settings(max_examples=150, deadline=None)
@given(rules(), st.integers(0, 20_000))
def test_looking_from_nearby_finds_what_following_from_the_start_would(text: str, seconds: int) -> None:
    moment = ANCHOR + timedelta(seconds=seconds)
    whole: Any = rrulestr(text, dtstart=datetime.combine(ANCHOR, time(8)))
    slow: Iterator[datetime] = takewhile(lambda found: found < ANCHOR + HORIZON, whole.xafter(moment))
    assert list(islice(Recurrence(text, time(8)).following(moment), 3)) == list(islice(slow, 3))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "FREQ=DAILY;BYHOUR=8,14"]), st.integers(0, 4000))
def test_looking_years_later_finds_what_following_from_the_start_would(text: str, days: int) -> None:
    moment = ANCHOR + timedelta(days=days, hours=11)
    whole: Any = rrulestr(text, dtstart=datetime.combine(ANCHOR, time(8)))
    assert Recurrence(text, time(8)).after(moment) == whole.after(moment)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "needs FREQ"),
        ("FREQ=DAILY;FREQ=WEEKLY", "each part once"),
        ("RRULE:FREQ=DAILY", "needs FREQ"),
        ("freq=daily", "needs FREQ"),
        ("FREQ=FORTNIGHTLY", "FREQ=FORTNIGHTLY is not understood"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"),
        ("FREQ=DAILY;COUNT=3", "COUNT=3"),
        ("FREQ=DAILY;UNTIL=20300101", "UNTIL"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR=24"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never comes"),
        ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "goes with INTERVAL alone"),
        ("FREQ=MINUTELY;INTERVAL=5", "more often than every 900 s"),
        ("FREQ=DAILY;BYMINUTE=0,5", "more often than every 900 s"),
    ],
)
def test_a_rule_that_nobody_can_follow_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadRecurrence, match=why):
        Recurrence(text).check(timedelta(seconds=900))
