"""The pages for clocks and duties in a real browser: what runs out, what rules would do, what is ticked off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from steward.bus.envelope import Envelope
from steward.ids import new_id
from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now
from tests.browser.visitor import fits, log_in
from tests.integration.clocks.office import Office
from tests.integration.gateway import town

NARROW = {"width": 400, "height": 860}
WIDE = {"width": 1280, "height": 900}
WAITING = {
    "YH-2611-00041": (timedelta(minutes=7), {"kind": "enquiry", "department": "desk"}),
    "YH-2611-00042": (timedelta(minutes=4, seconds=20), {"kind": "enquiry", "department": "desk"}),
    "YH-2611-00043": (timedelta(minutes=1), {"kind": "complaint", "department": "customer_service"}),
    "YH-2611-00044": (timedelta(seconds=30), {"kind": "repair_home", "item": "lamp", "urgency": "urgent", "department": "engineering"}),
}
"""How long ago each was raised: the first has breached, the second is about to."""


@pytest.fixture(scope="module")
def office(system: System) -> Iterator[Office]:
    with Office(system) as office:
        yield office


@pytest.fixture(scope="module")
def place(system: System, office: Office) -> town.Town:
    """A project whose duties count since the day before yesterday, with tickets that wait at the desk."""
    name = town.new_name()
    subject = f"residents/{name}"
    data = {"project": name, "code": "YH", "name": "英湖", "name_en": "Yinghu", "company": "acme", "timezone": "Asia/Shanghai"}
    opened = now() - timedelta(days=2)
    event = Envelope(new_id(), "residents.project_opened", subject, opened, data, name, subject, 1, "user:li", new_id())
    office.send(event, "duties.on_project")
    made = town.found(system.url, system.settings.token_key, name)
    town.add_user(system.url, made.key, f"wang-{name}", name, ["desk", "supervisor", "manager"])
    for number, (ago, about) in WAITING.items():
        office.tell("raised", new_id(), 1, at=now() - ago, project=name, number=number, **about)
    eventually(lambda: office.get(f"/projects/{name}/clock-board", project=name).json()["counts"]["breached"], "one has breached")
    return made


@pytest.fixture
def inside(page: Page, place: town.Town) -> Page:
    """The page of a manager who has logged in."""
    page.set_viewport_size(WIDE)
    log_in(page, f"wang-{place.name}")
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    return page


def turn_to(page: Page, name: str) -> None:
    """By keyboard, as by mouse."""
    link = page.locator("#pages").get_by_role("link", name=name)
    link.focus()
    page.keyboard.press("Enter")
    expect(link).to_have_attribute("aria-current", "page")


def test_the_board_shows_the_breached_first_by_word_and_counts_down(inside: Page, tmp_path: Path) -> None:
    turn_to(inside, "时限看板")
    tiles = inside.locator("#board .tile")
    expect(tiles.first).to_contain_text("YH-2611-00041")
    expect(tiles.first.locator(".badge").first).to_have_text("超时")
    expect(tiles.first.locator("time")).to_contain_text(re.compile(r"^超时 \d+:\d\d$"))
    running = tiles.filter(has_text="YH-2611-00043").filter(has_text="前台受理")
    expect(running.locator(".badge")).to_have_text("计时中")
    before = running.locator("time").text_content()
    assert before and before.startswith("剩余 ")
    expect(running.locator("time")).not_to_have_text(before)
    expect(inside.locator("#board-said")).to_contain_text("YH-2611-00041")
    expect(tiles.filter(has_text="经常性工作").first.locator("strong")).to_have_text(re.compile(r"^[\u4e00-\u9fff]+ \d\d-\d\d \d\d:\d\d$"))
    inside.screenshot(path=tmp_path / "clock-board.png")
    assert fits(inside)
    inside.set_viewport_size(NARROW)
    inside.screenshot(path=tmp_path / "clock-board-narrow.png")
    assert fits(inside)
    inside.get_by_role("button", name="English").click()
    expect(tiles.first.locator(".badge").first).to_have_text("Breached")
    expect(tiles.first).to_contain_text("Desk accepts")


def test_a_breach_is_taken_on_at_the_board(inside: Page) -> None:
    turn_to(inside, "时限看板")
    breached = inside.locator("#board .tile").filter(has_text="YH-2611-00041")
    breached.get_by_role("button", name="我来处理").click()
    expect(breached).to_contain_text("已有人处理")


def test_a_rule_is_previewed_before_it_is_said_and_open_clocks_move_when_asked(inside: Page, tmp_path: Path) -> None:
    turn_to(inside, "时限规则")
    inside.get_by_role("button", name="修改 前台受理").click()
    inside.get_by_role("spinbutton", name="时限").fill("15")
    inside.get_by_label("理由").fill("前台两人请假")
    inside.get_by_role("button", name="预览影响").click()
    moves = inside.locator("#moves")
    expect(moves.locator("p")).to_contain_text(re.compile(r"^\d+ 个进行中的时限会这样移动"))
    expect(moves.locator("li").first).to_contain_text(re.compile(r"YH-2611-0004\d · 前台受理: .+ → "))
    inside.screenshot(path=tmp_path / "rules.png")
    inside.get_by_role("button", name="生效").click()
    expect(moves).to_contain_text("只用于新开始的时限")
    moves.get_by_role("button").click()
    expect(moves).to_contain_text(re.compile(r"移动了 [1-9]\d* 个时限"))
    expect(inside.locator("#rules tr").filter(has_text="前台受理")).to_contain_text("15 分钟 本项目规定")
    inside.set_viewport_size(NARROW)
    inside.screenshot(path=tmp_path / "rules-narrow.png")
    assert fits(inside)


def test_a_duty_is_ticked_off_with_what_it_asks_for(inside: Page, tmp_path: Path) -> None:
    turn_to(inside, "经常性工作")
    inside.get_by_label("岗位").select_option("desk")
    first = inside.locator("#duties .duty").first
    name = first.locator("strong").text_content()
    first.get_by_role("button", name="完成").click()
    form = inside.locator("#duties form")
    for field in form.locator("textarea").all():
        field.fill("已查")
    for field in form.locator("input[type=number]").all():
        field.fill("3")
    inside.screenshot(path=tmp_path / "duties.png")
    count = inside.locator("#duties .duty").count()
    form.get_by_role("button", name="完成").click()
    expect(inside.locator("#duties-said")).to_have_text(f"已完成：{name}")
    expect(inside.locator("#duties .duty")).to_have_count(count - 1)
    inside.set_viewport_size(NARROW)
    inside.screenshot(path=tmp_path / "duties-narrow.png")
    assert fits(inside)


def test_a_duty_is_skipped_with_a_reason(inside: Page) -> None:
    turn_to(inside, "经常性工作")
    first = inside.locator("#duties .duty").first
    first.get_by_role("button", name="略过").click()
    inside.locator("#duties form").get_by_label("理由").fill("当日停电")
    inside.locator("#duties form").get_by_role("button", name="略过").click()
    expect(inside.locator("#duties-said")).to_contain_text("已略过：")


def test_a_calendar_address_is_made_and_revoked(inside: Page) -> None:
    turn_to(inside, "经常性工作")
    inside.get_by_role("button", name="生成订阅地址").click()
    address = inside.get_by_label("订阅地址").input_value()
    assert httpx.get(address).text.startswith("BEGIN:VCALENDAR")
    inside.get_by_role("button", name="撤销").click()
    expect(inside.locator("#feeds li")).to_have_count(0)
    assert httpx.get(address).status_code == 404


def test_the_report_of_the_month_has_a_row_for_each_rule(inside: Page, office: Office, place: town.Town, tmp_path: Path) -> None:
    ticket = new_id()
    office.tell("raised", ticket, 1, at=now() - timedelta(seconds=90), project=place.name)
    office.tell("accepted", ticket, 2, project=place.name)
    eventually(lambda: office.told(ticket, place.name)["clocks.stopped"], "stopped")
    turn_to(inside, "时限月报")
    row = inside.locator("#report tr").filter(has_text="前台受理")
    expect(row).to_contain_text("100.0 %")
    inside.get_by_label("分组").select_option("department")
    expect(inside.locator("#report tr").filter(has_text="前台")).to_be_visible()
    inside.screenshot(path=tmp_path / "report.png")
    inside.set_viewport_size(NARROW)
    assert fits(inside)
