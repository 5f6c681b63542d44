"""The calendar feed, read back as RFC 5545 says it is to be read."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.duties import ics, model
from services.duties.ahead import feed_entries
from services.duties.model import By
from steward.times import parse
from tests.unit.duties.rows import POLICY, site, terms

NOW = parse("2026-11-23T00:00:00Z")
texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=200)


def entry(summary: str) -> ics.Entry:
    return ics.Entry("1@steward", NOW, NOW + timedelta(hours=1), summary, "§5; §6", "desk")


def lines(text: str) -> list[str]:
    """Content lines, unfolded."""
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def unescaped(value: str) -> str:
    out, escaped = "", False
    for character in value:
        if escaped:
            out, escaped = out + ("\n" if character == "n" else character), False
        elif character == "\\":
            escaped = True
        else:
            out += character
    return out


@given(texts)
def test_every_title_comes_back_and_no_line_is_too_long(summary: str) -> None:
    text = ics.calendar("yh", [entry(summary)], NOW)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    (found,) = [line for line in lines(text) if line.startswith("SUMMARY:")]
    assert unescaped(found.removeprefix("SUMMARY:")) == summary


def test_a_feed_has_what_calendar_programs_need() -> None:
    found = lines(ics.calendar("yh desk", [entry("a, b; c\nd")], NOW))
    assert found[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Steward//Duties//EN"]
    assert found[6:] == [
        "BEGIN:VEVENT", "UID:1@steward", "DTSTAMP:20261123T000000Z", "DTSTART:20261123T000000Z", "DTEND:20261123T010000Z",
        "SUMMARY:a\\, b\\; c\\nd", "DESCRIPTION:§5\\; §6", "CATEGORIES:desk", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip


def test_what_is_open_comes_first_and_then_the_days_ahead_each_once() -> None:
    row = terms(title={"en": "Round", "zh-CN": "巡查"})
    decision = model.replan(None, site(digest="d"), "duty", row, NOW - timedelta(days=1))
    assert decision is not None
    opened = model.step(decision.state, By("service:duties", NOW))[0].state
    entries = feed_entries(site(), {"duty": row}, [opened], POLICY["feed"], "zh-CN", NOW)
    assert len(entries) == 1 + POLICY["feed"]["days"] == len({one.uid for one in entries})
    assert {one.summary for one in entries} == {"巡查"} and entries[0].starts == NOW
    few = feed_entries(site(), {"duty": row}, [opened], {"days": 35, "most": 3, "most_of_one": 9}, "fr", NOW)
    assert [one.summary for one in few] == ["Round"] * 3
