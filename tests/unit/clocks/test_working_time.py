from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from time import process_time
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clocks import calendars, working
from services.clocks.book import shipped
from services.clocks.working import Calendar, NoWorkingTime, add, counted, elapsed, working_day_after

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINA = calendars.from_policy(shipped()["calendar"])
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def of(**changes: object) -> Calendar:
    data = {**calendars.to_data(CHINA), "holidays": [], "workdays": [], "published": [2026], **changes}
    return calendars.from_data(data)


# ---- examples ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-23 10:00", 1, "2026-11-24 10:00"),  # Monday to Tuesday
        ("2026-11-27 18:59:59", 1, "2026-11-30 18:59:59"),  # over a weekend
        ("2026-11-28 12:00", 0.5, "2026-11-30 13:30"),  # raised on a Saturday
        ("2026-09-30 15:00", 1, "2026-10-08 15:00"),  # National Day: a week off
        ("2026-10-09 15:00", 1, "2026-10-10 15:00"),  # Saturday 10 October is worked, in exchange
        ("2026-02-13 15:00", 2, "2026-02-24 15:00"),  # Saturday 14 February is worked, then Spring Festival
        ("2026-11-23 08:00", 1, "2026-11-23 19:00"),  # used up at closing: due then, not next morning
        ("2026-11-23 03:00", 0.5, "2026-11-23 13:30"),  # before opening
    ],
)
def test_working_days_are_counted_by_the_national_calendar(start: str, days: float, due: str) -> None:
    assert add(at(start), CHINA.day_length * days, CHINA) == at(due)


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-11-23", 3, "2026-11-26"),
        ("2026-11-26", 3, "2026-12-01"),  # over a weekend
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-10-08", 2, "2026-10-10"),  # a Saturday that is worked
        ("2026-11-28", 1, "2026-11-30"),  # from a Saturday
    ],
)
def test_so_many_working_days_ahead_is_a_day_of_the_national_calendar(day: str, count: int, expected: str) -> None:
    assert working_day_after(date.fromisoformat(day), count, CHINA) == date.fromisoformat(expected)


def test_several_intervals_a_day_leave_the_noon_rest_out() -> None:
    noon = of(hours=[[8 * 3600, 12 * 3600], [14 * 3600, 18 * 3600]])
    assert add(at("2026-11-23 11:30"), timedelta(hours=1), noon) == at("2026-11-23 14:30")
    assert elapsed(at("2026-11-23 00:00"), at("2026-11-24 00:00"), noon) == timedelta(hours=8)


def test_no_time_at_all_is_due_at_once_even_at_night() -> None:
    assert add(at("2026-11-28 03:00"), timedelta(), CHINA) == at("2026-11-28 03:00")


def test_nothing_has_elapsed_when_the_end_comes_before_the_start() -> None:
    assert elapsed(at("2026-11-24 10:00"), at("2026-11-23 10:00"), CHINA) == timedelta()


def test_the_stretches_that_counted_can_be_listed() -> None:
    spans = counted(at("2026-11-27 18:00"), at("2026-11-30 09:00"), CHINA)
    assert [(span.start, span.end) for span in spans] == [
        (at("2026-11-27 18:00"), at("2026-11-27 19:00")),
        (at("2026-11-30 08:00"), at("2026-11-30 09:00")),
    ]


def test_a_day_open_to_midnight_joins_the_next() -> None:
    always = of(hours=[[0, 86_400]], weekdays=[0, 1, 2, 3, 4, 5, 6])
    assert add(at("2026-11-23 10:00"), timedelta(hours=30), always) == at("2026-11-24 16:00")


def test_the_night_that_the_clocks_go_back_has_an_hour_more() -> None:
    berlin = of(zone="Europe/Berlin", hours=[[0, 86_400]], weekdays=[0, 1, 2, 3, 4, 5, 6])
    midnight = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin"))
    assert elapsed(midnight.astimezone(UTC), (midnight + DAY).astimezone(UTC), berlin) == timedelta(hours=25)


def test_a_calendar_without_working_time_is_refused_rather_than_searched_for_ever() -> None:
    never = of(weekdays=[0], holidays=[(date(2026, 1, 5) + n * 7 * DAY).isoformat() for n in range(1_200)])
    with pytest.raises(NoWorkingTime):
        add(at("2026-11-23 10:00"), timedelta(seconds=1), never)


# ---- the table of years ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_published_years_agree_with_the_announcements(year: int) -> None:
    days = [date(year, 1, 1) + n * DAY for n in range(365)]
    wrong = [day for day in days if CHINA.is_working_day(day) != chinese_calendar.is_workday(day)]
    assert wrong == []


def test_a_year_not_yet_announced_is_provisional() -> None:
    assert not CHINA.is_provisional(at("2026-12-31 23:59"))
    assert CHINA.is_provisional(at("2027-01-01 00:00"))
    assert CHINA.is_provisional(at("2031-06-01 00:00"))
    assert not CHINA.is_working_day(date(2027, 10, 1))


def test_a_company_replaces_a_year_by_data() -> None:
    rules = {
        **shipped()["calendar"],
        "years": {
            "2027": {
                "status": "published",
                "holidays": {"new-year": {"from": date(2027, 1, 4), "to": date(2027, 1, 4), "workdays": [date(2027, 1, 9)]}},
            }
        },
    }
    calendar = calendars.from_policy(rules)
    assert not calendar.is_working_day(date(2027, 1, 4))
    assert calendar.is_working_day(date(2027, 1, 9))
    assert not calendar.is_provisional(at("2027-03-01 00:00"))
    assert calendar.version != CHINA.version


def test_a_version_is_its_content_and_survives_being_kept() -> None:
    kept = calendars.from_data(calendars.to_data(CHINA))
    assert kept.version == CHINA.version
    assert calendars.from_policy(shipped()["calendar"], "Europe/Berlin").version != CHINA.version


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"zone": "Mars/Olympus"}, "calendar.zone"),
        ({"hours": ["8-19"]}, "calendar.hours"),
        ({"hours": ["12:00-08:00"]}, "calendar.hours"),
        ({"hours": ["08:00-12:00", "11:00-18:00"]}, "calendar.hours"),
        ({"hours": ["08:00-25:00"]}, "calendar.hours"),
        ({"hours": []}, "calendar"),
        ({"weekdays": ["monday"]}, "calendar.weekdays"),
        ({"years": {"2027": {"status": "maybe"}}}, "calendar.years.2027.status"),
        ({"years": {"2027": {"holidays": {"party": {"from": date(2028, 1, 1)}}}}}, "calendar.years.2027.holidays.party: 2028-01-01"),
        ({"years": {"2027": {"holidays": {"party": {"from": date(2027, 1, 1), "workdays": ["soon"]}}}}}, "party.workdays"),
        ({"years": {"2027": {"holidays": [date(2027, 1, 1)]}}}, "calendar.years.2027.holidays: is not a table"),
        ({"years": {"2027": {"holidays": {"party": {"from": date(2027, 1, 4), "to": date(2027, 1, 2)}}}}}, "party.to"),
        ({"years": {"2027": {"holiday": {}}}}, "calendar.years.2027.holiday: unknown .did you mean holidays"),
        ({"years": {"next": {}}}, "calendar.years.next"),
    ],
)
def test_wrong_data_is_refused_by_name(changes: dict[str, object], names: str) -> None:
    with pytest.raises(calendars.BadCalendar, match=names):
        calendars.from_policy({**shipped()["calendar"], **changes})


# ---- against an oracle that walks second by second -----------------------------------------------------------------


class Oracle:
    """Asks of each second whether it is worked, on the wall clock of the place."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar, self.zone = calendar, ZoneInfo(calendar.zone)

    def works(self, second: int) -> bool:
        wall = datetime.fromtimestamp(second, self.zone)
        passed = wall.hour * 3600 + wall.minute * 60 + wall.second
        open_ = any(opens <= passed < closes for opens, closes in self.calendar.hours)
        return open_ and self.calendar.is_working_day(wall.date())

    def elapsed(self, start: int, end: int) -> int:
        return sum(self.works(second) for second in range(start, end))


def _calendar(zone: str, cuts: list[int], weekdays: set[int], holidays: set[int], workdays: set[int]) -> Calendar:
    def days(offsets: set[int]) -> list[str]:
        return sorted((date(2026, 3, 20) + offset * DAY).isoformat() for offset in offsets)

    hours = [[opens * 60, closes * 60] for opens, closes in zip(cuts[::2], cuts[1::2], strict=True)]
    return of(zone=zone, hours=hours, weekdays=sorted(weekdays), holidays=days(holidays), workdays=days(workdays - holidays))


# The wall clock of Europe/Berlin leaps on 29 March 2026 at 02:00, within the range below.
CALENDARS = st.builds(
    _calendar,
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "Asia/Kolkata"]),
    st.lists(st.integers(0, 24 * 60), min_size=2, max_size=6, unique=True).filter(lambda cuts: len(cuts) % 2 == 0).map(sorted),
    st.sets(st.integers(0, 6), min_size=1),
    st.sets(st.integers(0, 20), max_size=5),
    st.sets(st.integers(0, 20), max_size=5),
)
MOMENTS = st.integers(int(datetime(2026, 3, 24, tzinfo=UTC).timestamp()), int(datetime(2026, 4, 2, tzinfo=UTC).timestamp()))


@settings(max_examples=60, deadline=None)
@given(CALENDARS, MOMENTS, st.integers(0, 100_000))
def test_elapsed_agrees_with_counting_second_by_second(calendar: Calendar, start: int, length: int) -> None:
    found = elapsed(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(start + length, UTC), calendar)
    assert found == timedelta(seconds=Oracle(calendar).elapsed(start, start + length))


@settings(max_examples=300, deadline=None)
@given(CALENDARS, MOMENTS, st.integers(1, 400_000))
def test_add_finds_the_earliest_moment_by_which_that_much_has_elapsed(calendar: Calendar, start: int, length: int) -> None:
    begin, wanted = datetime.fromtimestamp(start, UTC), min(timedelta(seconds=length), 100 * calendar.day_length)
    due = add(begin, wanted, calendar)
    assert elapsed(begin, due, calendar) == wanted
    assert elapsed(begin, due - timedelta(seconds=1), calendar) == wanted - timedelta(seconds=1)
    assert Oracle(calendar).works(int(due.timestamp()) - 1)


@settings(max_examples=300, deadline=None)
@given(CALENDARS, MOMENTS, st.lists(st.integers(0, 300_000), min_size=1, max_size=4))
def test_time_counted_in_pieces_adds_up(calendar: Calendar, start: int, pieces: list[int]) -> None:
    moments = [datetime.fromtimestamp(start, UTC)]
    for piece in pieces:
        moments.append(moments[-1] + timedelta(seconds=piece))
    parts = [elapsed(a, b, calendar) for a, b in pairwise(moments)]
    assert sum(parts, timedelta()) == elapsed(moments[0], moments[-1], calendar)
    assert sum((span.length for span in counted(moments[0], moments[-1], calendar)), timedelta()) == sum(parts, timedelta())


def test_adding_sixty_working_days_takes_less_than_five_milliseconds() -> None:
    start = at("2026-11-23 10:00")
    began = process_time()
    for _ in range(10):
        working.add(start, CHINA.day_length * 60, CHINA)
    assert (process_time() - began) / 10 < 0.005
