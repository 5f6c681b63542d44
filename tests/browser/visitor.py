"""What somebody does at the page."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.integration.gateway import town


def log_in(page: Page, username: str, password: str = town.PASSWORD) -> None:
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


def turn_to(page: Page, name: str) -> None:
    """Until the page that was there before is left."""
    link = page.locator("#pages").get_by_role("link", name=name, exact=True)
    link.click()
    expect(link).to_have_attribute("aria-current", "page")


def fits(page: Page) -> bool:
    """Whether nothing sticks out to the right."""
    found: bool = page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return found
