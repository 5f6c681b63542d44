"""The live view in a real browser: log in, raise a ticket, watch it fan out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from steward.testing.system import System
from tests.browser.visitor import log_in
from tests.integration.gateway import town


@pytest.fixture(scope="module")
def place(system: System) -> town.Town:
    made = town.found(system.url, system.settings.token_key)
    town.add_user(system.url, made.key, f"li-{made.name}", made.name, ["desk", "supervisor"])
    return made


def raise_leak(page: Page) -> None:
    page.get_by_label("房号").fill("3-2-501")
    page.get_by_label("部位").select_option("pipe")
    page.get_by_label("紧急程度").select_option("urgent")
    page.get_by_label("内容").fill("厨房水管漏水 <b>很急</b>")
    page.get_by_label("报事人").fill("王女士")
    page.get_by_label("电话").fill("13812345678")
    page.locator("#raise button").click()


def test_a_wrong_password_is_told_in_plain_words(page: Page, place: town.Town) -> None:
    log_in(page, f"li-{place.name}", "not the password")
    expect(page.get_by_role("alert")).to_have_text("用户名或密码不对。")


def test_a_ticket_that_is_raised_fans_out_before_ones_eyes(page: Page, place: town.Town, tmp_path: Path) -> None:
    log_in(page, f"li-{place.name}")
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    raise_leak(page)
    expect(page.locator("#matter-title")).to_have_text(re.compile(r"^[A-Z]{2,6}-\d{4}-\d{5}$"))
    expect(page.locator("#matter-what")).to_have_text("厨房水管漏水 <b>很急</b>")
    timeline = page.locator("#timeline .type")
    for seen in ("报事", "受理", "开派工单", "派工", "时限开始", "通知已发"):
        expect(timeline.filter(has_text=re.compile(f"^{seen}$")).first).to_be_visible()
    expect(page.locator("#order")).to_contain_text("E1")
    expect(page.locator("#clocks time").first).to_contain_text("剩余")
    expect(page.locator("#messages")).to_contain_text("138****5678")
    assert "13812345678" not in page.content()
    page.screenshot(path=tmp_path / "fan-out.png", full_page=True)


def test_what_somebody_else_does_appears_without_asking(page: Page, place: town.Town) -> None:
    log_in(page, f"li-{place.name}")
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    with place.as_("desk") as desk:
        number = desk.post("/tickets", json=place.repair()).json()["number"]
    page.get_by_role("button", name=number).click()
    expect(page.locator("#order")).to_contain_text("E1")
    with place.as_("engineer") as engineer:
        newest = engineer.get("/tickets", params={"number": number}).json()["items"][0]
        taken = engineer.post(f"/orders/{newest['order']}/take", json={})
        assert taken.is_success, taken.text
    expect(page.locator("#matter-state")).to_have_text("已接单")


def test_the_whole_page_speaks_english_too(page: Page, place: town.Town) -> None:
    log_in(page, f"li-{place.name}")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Latest tickets")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    chinese = page.locator("[data-word]").evaluate_all("all => all.map(e => e.textContent).filter(t => /[\\u4e00-\\u9fff]/.test(t))")
    assert chinese == []


def test_everything_that_can_be_filled_in_has_a_label(page: Page, place: town.Town) -> None:
    log_in(page, f"li-{place.name}")
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    nameless = page.locator("input, select, textarea, button").evaluate_all(
        "all => all.filter(e => !(e.labels?.length || e.textContent.trim() || e.ariaLabel)).map(e => e.outerHTML)"
    )
    assert nameless == []


def test_a_reloaded_page_remembers_who_is_there_and_logging_out_forgets(page: Page, place: town.Town) -> None:
    log_in(page, f"li-{place.name}")
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    page.reload()
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    page.get_by_role("button", name="退出").click()
    page.reload()
    expect(page.get_by_role("button", name="登录")).to_be_visible()
