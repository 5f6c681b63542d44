"""The pages for users, keys, log-ins and the audit trail, and who did something told by name, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from steward.testing.system import System
from tests.browser.visitor import fits, log_in, turn_to
from tests.integration.gateway import town

NARROW = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def place(system: System) -> town.Town:
    made = town.found(system.url, system.settings.token_key)
    town.add_user(system.url, made.key, f"wei-{made.name}", made.name, ["admin", "supervisor", "auditor"])
    town.add_user(system.url, made.key, f"feng-{made.name}", made.name, ["cashier"])
    return made


@pytest.fixture
def inside(page: Page, place: town.Town) -> Page:
    """The page of somebody who administers the project and may see its audit trail."""
    log_in(page, f"wei-{place.name}")
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    return page


def asked(page: Page) -> Locator:
    return page.locator("dialog[open]")


def send(page: Page) -> None:
    asked(page).locator("button[type=submit]").click()
    expect(asked(page)).to_have_count(0)


def test_somebody_new_is_given_a_role_goes_on_leave_and_is_shut_out(inside: Page, place: town.Town) -> None:
    turn_to(inside, "用户与权限")
    staff = inside.locator("#staff-place")
    staff.get_by_role("button", name="新建用户").click()
    asked(inside).get_by_label("姓名").fill("褚新")
    asked(inside).get_by_label("用户名").fill(f"chu-{place.name}")
    asked(inside).get_by_label("密码").fill("短")
    asked(inside).get_by_label("前台").check()
    asked(inside).locator("button[type=submit]").click()
    expect(asked(inside).locator(".wrong")).to_have_count(1)
    asked(inside).get_by_label("密码").fill(town.PASSWORD)
    send(inside)
    expect(staff.locator("h2")).to_have_text("褚新")
    expect(staff).to_contain_text("颐和花园")
    staff.get_by_role("button", name="登记请假").click()
    asked(inside).get_by_label("请假自").fill("2099-01-01T08:00")
    asked(inside).get_by_label("请假至").fill("2099-01-05T08:00")
    asked(inside).get_by_label("代理人").select_option(label="李前台")
    send(inside)
    expect(staff.locator("tr").filter(has_text="李前台").get_by_role("button", name="销假")).to_be_visible()
    staff.get_by_role("button", name="停用").click()
    send(inside)
    expect(staff.locator("header")).to_contain_text("已停用")
    inside.locator("#staff-views").get_by_role("link", name="接口密钥").click()
    staff.get_by_role("button", name="新建密钥").click()
    asked(inside).get_by_label("程序名称").fill("门禁系统")
    asked(inside).get_by_label("前台").check()
    send(inside)
    assert staff.get_by_label("密钥").input_value().startswith("stw_")
    inside.set_viewport_size(NARROW)
    assert fits(inside)
    turn_to(inside, "审计")
    assert "stw_" not in inside.content()


def test_who_read_a_file_is_told_by_name_and_found_from_the_file(inside: Page, place: town.Town) -> None:
    with place.as_("desk") as desk:
        person = desk.post("/people", json={"name": "令狐冲", "phones": ["19900000021"]}).json()["id"]
        desk.get(f"/people/{person}")
    inside.goto(f"{place.url}/#residents/person/{person}")
    inside.locator("#file").get_by_role("link", name="谁查阅过").click()
    rows = inside.locator("#trail-place tbody tr")
    own = rows.filter(has_text="李前台").first
    expect(own).to_contain_text("查看档案")
    expect(rows.filter(has_text="用户 …desk").first).to_be_visible()
    own.get_by_role("link", name="李前台").click()
    expect(rows.filter(has_text="用户 …desk")).to_have_count(0)
    with inside.expect_download() as got:
        inside.locator("#trail-place").get_by_role("button", name="导出").click()
    written = got.value.path().read_text(encoding="utf-8-sig")
    assert "李前台" in written and "令狐冲" not in written
    inside.set_viewport_size(NARROW)
    assert fits(inside)


def test_one_sees_where_one_is_logged_in_and_begins_where_one_may(page: Page, place: town.Town) -> None:
    log_in(page, f"feng-{place.name}")
    expect(page.locator("#pages").get_by_role("link", name="业户")).to_have_attribute("aria-current", "page")
    expect(page.locator("#problem")).to_be_hidden()
    turn_to(page, "我的账户")
    expect(page.locator("#my-sessions tbody tr")).to_have_count(1)
    expect(page.locator("#my-sessions")).to_contain_text("本机")
    page.get_by_label("原密码").fill("wrong password 1")
    page.get_by_label("新密码").fill(town.PASSWORD)
    page.get_by_role("button", name="修改密码").click()
    expect(page.locator("#password-said")).to_have_text("密码不对。")
