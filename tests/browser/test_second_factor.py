"""The second factor in a real browser: set up, asked for at the log-in, overdue."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect
from pymongo import MongoClient
from pyotp import TOTP

from services.identity.spec import SPEC
from steward.policy import shipped
from steward.testing.system import System
from steward.times import now
from tests.browser.visitor import log_in, turn_to
from tests.integration.gateway import town

GRACE_DAYS = shipped(SPEC)["second_factor"]["grace_days"]


@pytest.fixture(scope="module")
def place(system: System) -> town.Town:
    made = town.found(system.url, system.settings.token_key)
    for role in ("desk", "auditor"):
        town.add_user(system.url, made.key, f"{role}-{made.name}", made.name, [role])
    return made


def code_of(secret: str, step: int) -> str:
    """The code ``step`` half minutes from now: each is good once."""
    return TOTP(secret).at(now() + step * timedelta(seconds=30))


def set_up(page: Page) -> str:
    """Set up the second factor of whoever is there; returns its secret."""
    page.locator("#factor").get_by_label("密码").fill(town.PASSWORD)
    page.get_by_role("button", name="设置").click()
    secret = page.locator("#factor").get_by_label("密钥", exact=True).input_value()
    expect(page.get_by_alt_text("二维码")).to_have_js_property("complete", True)
    assert page.get_by_alt_text("二维码").evaluate("image => image.naturalWidth") > 0
    page.locator("#factor").get_by_label("验证码").fill("000000")
    page.get_by_role("button", name="确认").click()
    expect(page.locator("#factor-said")).to_have_text("验证码不对，或已用过。")
    page.locator("#factor").get_by_label("验证码").fill(code_of(secret, -1))
    page.get_by_role("button", name="确认").click()
    expect(page.locator("#recovery li")).to_have_count(10)
    return secret


def test_who_has_one_is_asked_for_a_code(page: Page, place: town.Town, tmp_path: Path) -> None:
    log_in(page, f"desk-{place.name}")
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    turn_to(page, "我的账户")
    secret = set_up(page)
    page.screenshot(path=tmp_path / "recovery-codes.png")
    page.get_by_role("button", name="已保存").click()
    expect(page.locator("#factor-state")).to_have_text("已启用")
    page.get_by_role("button", name="退出").click()
    log_in(page, f"desk-{place.name}")
    code = page.locator("#log-in").get_by_label("验证码")
    expect(code).to_be_focused()
    expect(page.locator("#problem")).to_be_hidden()
    page.screenshot(path=tmp_path / "code.png")
    code.fill("000000")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_have_text("验证码不对，或已用过。")
    code.fill(code_of(secret, 0))
    page.get_by_role("button", name="登录").click()
    expect(page.locator("#log-out")).to_be_visible()


def test_logging_out_ends_the_session(page: Page, place: town.Town) -> None:
    log_in(page, f"auditor-{place.name}")
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    expect(page.locator("#factor-due")).to_contain_text("最迟设置时间：")
    token = page.evaluate("sessionStorage.getItem('token')")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("button", name="登录")).to_be_visible()
    assert httpx.get(f"{place.url}/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_whose_second_factor_is_overdue_sets_it_up_and_goes_on(page: Page, place: town.Town, system: System, tmp_path: Path) -> None:
    with MongoClient[dict[str, Any]](system.settings.mongo_uri) as store:
        identity = store["steward_identity"]
        user = identity["users"].find_one({"username": f"auditor-{place.name}"})
        assert user
        past = now() - timedelta(days=GRACE_DAYS, seconds=1)
        identity["factors"].update_one({"_id": user["_id"]}, {"$set": {"asked_at": past}})
    log_in(page, f"auditor-{place.name}")
    expect(page.locator("#factor-said")).to_contain_text("须先设置才能使用系统")
    expect(page.locator("#pages")).to_be_hidden()
    page.screenshot(path=tmp_path / "overdue.png")
    set_up(page)
    page.get_by_role("button", name="已保存").click()
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    expect(page.locator("#desk-page")).to_be_visible()
