"""Log-in over the company's OpenID provider, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from steward.testing.oidc_provider import Provider
from steward.testing.system import System
from tests.integration.gateway import town


def test_whoever_is_logged_in_there_is_so_here_and_nobody_else(page: Page, system: System, provider: Provider, tmp_path: Path) -> None:
    place = town.found(system.url, system.settings.token_key)
    town.add_user(system.url, place.key, f"desk-{place.name}", place.name, ["desk"])
    provider.visitor = "stranger"
    over_there = page.get_by_role("button", name="OpenID")
    over_there.click()
    expect(page.locator("#problem")).to_have_text("该账号不能登录本系统，或登录已过期，请重试。")
    provider.visitor, provider.people = place.name, {place.name: {"preferred_username": f"desk-{place.name}"}}
    page.goto(f"{system.url}/?code=stolen&state=somebody-elses")
    expect(page.locator("#problem")).to_have_text("该账号不能登录本系统，或登录已过期，请重试。")
    page.screenshot(path=tmp_path / "refused.png")
    over_there.click()
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    assert page.url == f"{system.url}/"
    page.screenshot(path=tmp_path / "inside.png")
