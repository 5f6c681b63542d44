"""What somebody does at the page."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.integration.gateway import town


def log_in(page: Page, username: str, password: str = town.PASSWORD) -> None:
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


def fits(page: Page) -> bool:
    """Whether nothing sticks out to the right."""
    found: bool = page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return found
