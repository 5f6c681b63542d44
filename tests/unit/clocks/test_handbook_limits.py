"""No number of the handbook's time limits is missing, and each stands where it can be changed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from services.clocks import book
from services.clocks.book import Layer, merged, published, shipped
from services.clocks.rows import parse

ROOT = Path(__file__).parents[3]
LINES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("handbook_limits.toml").read_text(encoding="utf-8"))["line"]
HELD = [(line["says"], held) for line in LINES for held in line["held"]]
HOLDERS = ("row", "duty", "setting", "default", "step", "later")
SECONDS = {"min": 60, "h": 3_600, "day": 86_400, "week": 604_800}
SOURCE = re.compile(r"S\d(?:c\d)?(?:/\d+| [\d.]+\d)?")
LENGTH = re.compile(r"([\d.]+) (min|h|day|week|month|w-day)s?( ahead)?\b")
CLOCK_TIME = re.compile(r"by (\d\d:\d\d)(?:, (\d) day later)?")


def limit_of(value: str) -> dict[str, Any]:
    """What a row that holds ``value`` says of its limit."""
    if value == "same day":
        return {"same_day": True}
    if found := CLOCK_TIME.fullmatch(value):
        return {"by": found[1], **({"by_days": int(found[2])} if found[2] else {})}
    found = LENGTH.match(value)
    assert found, value
    number, unit, ahead = float(found[1]), found[2], found[3]
    if unit == "w-day":
        return {"limit_days": number, "calendar": "working"}
    if unit == "month":
        return {"ahead_months" if ahead else "limit_months": number}
    return {"ahead_s" if ahead else "limit_s": number * SECONDS[unit]}


def row_of(held: dict[str, Any]) -> dict[str, Any]:
    picked = [Layer("policy.toml", shipped()), Layer("clocks.toml", {"profile": held["profile"]} if "profile" in held else {})]
    row: dict[str, Any] = {**shipped()["defaults"], **merged(picked)["clocks"][held["row"]]}
    return row


@pytest.mark.parametrize(("says", "held"), [(says, held) for says, held in HELD if "row" in held])
def test_the_row_holds_the_value_of_the_handbook(says: str, held: dict[str, Any]) -> None:
    row = row_of(held)
    if "field" in held:
        assert row["by_on"] == held["field"]
    elif held["value"] == "appointment":
        assert row["appointment"]
    elif "rung" in held:
        assert held["rung"] in [rung["after"] for rung in row["ladder"]]
        assert row["limit_days"] * (1 + held["rung"]) == limit_of(held["value"])["limit_days"]
    else:
        expected = limit_of(held["value"])
        assert {key: row.get(key) for key in expected} == expected
    assert set(SOURCE.findall(row["handbook"])) & set(SOURCE.findall(says)) or not SOURCE.findall(says)


@pytest.mark.parametrize(("says", "held"), [(says, held) for says, held in HELD if "row" not in held])
def test_what_no_row_holds_is_held_elsewhere(says: str, held: dict[str, Any]) -> None:
    if "duty" in held:
        duties = tomllib.loads((ROOT / "services/duties/policy.toml").read_text(encoding="utf-8"))["duties"]
        assert held["duty"] in duties
    if "default" in held:
        assert shipped()["defaults"][held["default"]] == held["is"]
    if "setting" in held:
        setting: Any = tomllib.loads((ROOT / held["setting"]).read_text(encoding="utf-8"))
        for name in held["path"].split("."):
            setting = setting[name]
        assert setting == held["is"]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["says"][:40])
def test_no_number_of_the_line_is_missing(line: dict[str, Any]) -> None:
    def numbers(text: str) -> set[str]:
        return set(re.findall(r"\d\d:\d\d|\d+(?:\.\d+)?", SOURCE.sub("", text)))

    kept = numbers(" ".join(held["value"] for held in line["held"]))
    counted_otherwise = {"3"} if "3–7" in line["says"] else set()
    assert numbers(line["says"]) - kept - counted_otherwise == set()
    assert all(sum(holder in held for holder in HOLDERS) == 1 for held in line["held"])


def test_every_row_and_profile_stands_for_a_line_of_the_handbook() -> None:
    rows = {held["row"] for _, held in HELD if "row" in held}
    assert set(shipped()["clocks"]) - rows <= {"duty-done"}
    profiles = {(held["profile"], held["row"]) for _, held in HELD if "profile" in held}
    assert {(name, row) for name, profile in shipped()["profiles"].items() for row in profile["clocks"]} == profiles


def test_rows_for_services_still_to_come_sleep_and_name_every_event_that_nobody_publishes() -> None:
    rules = parse(shipped(), published())
    texts = ((ROOT / "services/clocks" / name).read_text(encoding="utf-8") for name in book.RESERVED)
    reserved = {row for text in texts for row in tomllib.loads(text)["clocks"]}
    assert reserved - set(rules.rows) == set(rules.asleep) & reserved
    assert set(rules.asleep) <= reserved
    for row in (*rules.rows.values(), *rules.asleep.values()):
        assert row.unheard <= row.reserved
        assert row.reserved <= row.events


def test_a_row_wakes_once_somebody_publishes_what_starts_and_ends_it() -> None:
    now = published()
    later = type(now)(now.events | {"outages.power_cut", "outages.power_back"}, now.unread)
    assert "generator-on" in parse(shipped(), now).asleep
    rules = parse(shipped(), later)
    assert "generator-on" in rules.rows
    assert {"outages.power_cut", "outages.power_back"} <= rules.heard
    assert "outages.generator_running" not in rules.heard
