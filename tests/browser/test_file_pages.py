"""The pages for people, cases, rosters and what is done with tickets, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from steward.testing.system import System
from steward.testing.waiting import eventually
from steward.times import now
from tests.browser.visitor import fits, log_in, turn_to
from tests.integration.gateway import town

NARROW = {"width": 390, "height": 844}
ROSTER = "楼栋,房号,姓名,电话,关系,入住日期\n7,7-0101,欧阳玥,19900000001,业主,2023-01-31\n7,7-0102,司马青,19900000002,租户,2023-01-31\n"
FAULTY = "楼栋,房号,姓名,电话,关系\n8,8-0101,东方朔,19900000003,业主\n8,8-0102,公孙胜,12,业主\n"
ID_NUMBER = "11010519491231002X"
"""The example of the standard (GB 11643)."""


@pytest.fixture(scope="module")
def place(system: System) -> town.Town:
    made = town.found(system.url, system.settings.token_key)
    town.add_user(system.url, made.key, f"zhao-{made.name}", made.name, ["desk", "supervisor"])
    town.add_user(system.url, made.key, f"qian-{made.name}", made.name, ["engineer"])
    town.add_user(system.url, made.key, f"sun-{made.name}", made.name, ["desk"])
    with made.as_("supervisor") as supervisor:
        run = supervisor.post("/roster?filename=a.csv", content=ROSTER.encode()).json()
        eventually(lambda: supervisor.get(f"/roster-runs/{run['id']}").json().get("ended_at"), "the roster is imported")
    return made


@pytest.fixture
def inside(page: Page, place: town.Town) -> Iterator[Page]:
    """The page of a supervisor who has logged in."""
    page.set_viewport_size({"width": 1280, "height": 900})
    log_in(page, f"zhao-{place.name}")
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    yield page
    page.set_viewport_size(NARROW)
    assert fits(page)


def asked(page: Page) -> Locator:
    """The dialogue that is open."""
    return page.locator("dialog[open]")


def send(page: Page) -> None:
    asked(page).locator("button[type=submit]").click()


def read_in_full(page: Page, reason: str) -> None:
    page.locator("#file").get_by_role("button", name="档案全文").click()
    asked(page).get_by_label("理由").fill(reason)
    send(page)
    expect(asked(page)).to_have_count(0)


def test_somebody_is_found_by_pinyin_and_looked_up_by_keyboard_alone(inside: Page) -> None:
    turn_to(inside, "业户")
    expect(inside.locator("#find")).to_be_focused()
    inside.keyboard.type("ouyang")
    inside.keyboard.press("Enter")
    expect(inside.locator("#found .hit")).to_have_count(1)
    inside.keyboard.press("ArrowDown")
    inside.keyboard.press("Enter")
    expect(inside.locator("#file h2")).to_have_text("欧阳玥")
    expect(inside.locator("#file")).to_contain_text("199****0001")
    assert "19900000001" not in inside.content()
    inside.locator("#file").get_by_role("link", name="7-0101").click()
    expect(inside.locator("#file h2")).to_have_text("7-0101")
    inside.locator("#file").get_by_role("button", name="电话").click()
    expect(inside.locator("#file").get_by_role("link", name="欧阳玥")).to_be_visible()
    turn_to(inside, "服务台")
    assert "欧阳玥" not in inside.content()


def test_who_is_due_is_worked_off_with_one_click_a_row(inside: Page) -> None:
    turn_to(inside, "业户")
    inside.locator("#residents-views").get_by_role("link", name="待联系").click()
    row = inside.locator("#residents-list tr").filter(has_text="7-0102")
    expect(row.locator(".badge")).to_have_text("已超时")
    expect(row.get_by_role("link", name="司马青")).to_be_visible()
    row.get_by_role("button", name="上门").click()
    expect(row).to_have_count(0)


def test_what_somebody_wishes_is_said_in_their_file(inside: Page) -> None:
    turn_to(inside, "业户")
    inside.locator("#find").fill("司马")
    inside.keyboard.press("Enter")
    inside.locator("#found .hit").first.click()
    inside.locator("#file").get_by_role("button", name="接收偏好").click()
    asked(inside).get_by_label("首选方式").select_option("letter")
    asked(inside).get_by_label("也收非必要通知").uncheck()
    asked(inside).get_by_label("免打扰：自").fill("22:30")
    send(inside)
    expect(asked(inside).locator(".wrong")).to_have_count(1)
    asked(inside).get_by_label("免打扰：至").fill("07:00")
    send(inside)
    expect(inside.locator("#file .facts")).to_contain_text("信函 · 免打扰 22:30–07:00 · 只收必要通知")


def test_what_is_on_file_is_changed_where_it_is_read(inside: Page) -> None:
    turn_to(inside, "业户")
    inside.locator("#find").fill("司马")
    inside.keyboard.press("Enter")
    inside.locator("#found .hit").first.click()
    file = inside.locator("#file")
    file.get_by_role("button", name="关爱户").click()
    asked(inside).get_by_label("每几天走访").fill("30")
    send(inside)
    expect(file.locator(".facts")).to_contain_text("每 30 天走访")
    expect(file.locator(".part").filter(has_text="档案变更")).to_contain_text("关爱户")
    file.get_by_role("button", name="修改").click()
    asked(inside).get_by_label("紧急联系人").fill("司马迁，父亲，19900000031")
    send(inside)
    expect(file.locator(".facts")).to_contain_text("司马迁（父亲） 199****0031")
    file.get_by_role("button", name="登记车辆").click()
    asked(inside).get_by_label("车牌").fill("x")
    asked(inside).locator("button[type=submit]").click()
    expect(asked(inside).locator(".wrong")).to_have_text("不是车牌号")
    asked(inside).get_by_label("车牌").fill("京B67890")
    send(inside)
    expect(file.locator("tr").filter(has_text="京B67890").get_by_role("button", name="车辆离开")).to_be_visible()
    inside.locator("#residents-views").get_by_role("link", name="秩序名单").click()
    row = inside.locator("#residents-list tr").filter(has_text="京B67890")
    expect(row).to_contain_text("司马青（租户）")
    assert "199" not in inside.locator("#residents-list").inner_text()


def test_who_wishes_to_be_forgotten_is_told_what_must_be_kept_and_why(inside: Page) -> None:
    turn_to(inside, "业户")
    inside.locator("#find").fill("欧阳")
    inside.keyboard.press("Enter")
    inside.locator("#found .hit").first.click()
    inside.locator("#file").get_by_role("button", name="删除个人信息").click()
    asked(inside).get_by_label("理由").fill("本人持身份证申请")
    send(inside)
    told = inside.locator("#file .part").filter(has_text="删除申请")
    expect(told).to_contain_text("均须保留")
    expect(told).to_contain_text("仍保留：姓名")
    expect(told).to_contain_text("与房屋有现有关系")
    expect(told).to_contain_text("第十三条")


def test_a_handover_shows_what_lacks_and_is_taken_step_by_step(inside: Page) -> None:
    turn_to(inside, "业务办理")
    inside.locator("#case-new").click()
    asked(inside).get_by_label("房号").fill("7-0102")
    send(inside)
    inside.locator("#cases-place").get_by_role("button", name="新建住户").first.click()
    asked(inside).get_by_label("姓名").fill("上官云")
    asked(inside).get_by_label("电话").fill("12")
    asked(inside).get_by_label("身份证号").fill(ID_NUMBER)
    send(inside)
    expect(asked(inside).locator(".wrong")).to_have_text("电话号码不对")
    expect(asked(inside).get_by_label("电话")).to_be_focused()
    asked(inside).get_by_label("电话").fill("19900000009")
    send(inside)
    expect(inside.locator(".picks").first).to_contain_text("上官云")
    inside.locator("#cases-place form").get_by_role("button", name="办理业务").click()
    papers = inside.locator("[data-step=papers]")
    expect(papers.locator(".lacks")).to_have_count(3)
    expect(inside.locator("[data-step=keys]")).to_contain_text("须先")
    papers.get_by_role("button", name="登记").click()
    asked(inside).get_by_label("入伙通知书").check()
    send(inside)
    expect(papers.locator(".lacks")).to_have_count(2)
    papers.get_by_role("button", name="作废").click()
    asked(inside).get_by_label("理由").fill("看错了")
    send(inside)
    expect(papers.locator("s")).to_contain_text("入伙通知书")
    expect(papers.locator(".lacks")).to_have_count(3)
    expect(inside.locator("#case-complete")).to_be_disabled()


def test_a_lost_card_is_blocked_at_once(inside: Page, place: town.Town) -> None:
    turn_to(inside, "业户")
    inside.locator("#find").fill("7-0101")
    inside.keyboard.press("Enter")
    inside.locator("#found .hit").first.click()
    inside.locator("#file").get_by_role("link", name="业户卡").click()
    inside.locator("#cases-place").get_by_label("卡号").first.fill("K-1")
    inside.locator("#cases-place").get_by_role("button", name="发卡").click()
    inside.locator("table").get_by_role("button", name="挂失").click()
    asked(inside).get_by_label("出示的身份证号").fill(ID_NUMBER)
    send(inside)
    expect(inside.locator("#cases-place table")).to_contain_text("已挂失")


def test_a_full_file_is_asked_for_agreed_to_by_somebody_else_and_shown_once(page: Page, place: town.Town) -> None:
    with place.as_("supervisor") as supervisor:
        person = supervisor.get("/search?q=7-0101").json()["items"][0]
        person = supervisor.get(f"/units/{person['unit']['id']}").json()["ties"][0]["person"]
    page.goto(f"{place.url}/#residents/person/{person}")
    log_in(page, f"sun-{place.name}")
    read_in_full(page, "业主来领材料")
    page.locator("#file").get_by_role("link", name="审批").click()
    expect(page.locator("#approvals-place h2")).to_have_text("档案全文")
    expect(page.get_by_role("button", name="同意")).to_have_count(0)
    with place.as_("supervisor") as supervisor:
        waits = supervisor.get("/approvals?mine=true").json()["items"]
    assert [one["subject"] for one in waits] == [person]
    here = page.url
    page.get_by_role("button", name="退出").click()
    log_in(page, f"zhao-{place.name}")
    expect(page.locator("#approvals-place h2")).to_have_text("档案全文")
    turn_to(page, "审批")
    row = page.locator("#approvals-place tr").filter(has_text="业主来领材料")
    expect(row.get_by_role("link", name="欧阳玥")).to_be_visible()
    with place.as_("desk") as desk:
        desk.post(f"/people/{person}/full", json={"reason": "邮寄"})
    expect(page.locator("#approvals-place tbody tr")).to_have_count(2)
    row.get_by_role("button", name="拒绝").click()
    send(page)
    expect(asked(page).get_by_label("理由")).to_be_focused()
    page.keyboard.press("Escape")
    row.get_by_role("button", name="同意").click()
    send(page)
    expect(row).to_have_count(0)
    page.goto(here)
    expect(page.locator("#approvals-place .facts + .part")).to_contain_text("客服主管")
    page.get_by_role("button", name="退出").click()
    page.goto(f"{place.url}/#residents/person/{person}")
    log_in(page, f"sun-{place.name}")
    read_in_full(page, "业主在场")
    expect(page.locator("#file")).to_contain_text("19900000001")
    kept: str = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert "19900000001" not in kept
    turn_to(page, "审批")
    assert "19900000001" not in page.content()
    page.locator("#approvals-views").get_by_role("link", name="我申请的").click()
    expect(page.locator("#approvals-place tbody tr")).to_contain_text("已同意")
    page.set_viewport_size(NARROW)
    assert fits(page)


def test_a_roster_is_tried_corrected_imported_and_taken_back(inside: Page, tmp_path: Path) -> None:
    turn_to(inside, "名册")
    file = tmp_path / "b.csv"
    file.write_text(FAULTY, encoding="utf-8")
    inside.locator("#send input[type=file]").set_input_files(file)
    inside.locator("#send button").click()
    run = inside.locator("#run")
    expect(run.locator("table")).to_contain_text("不是有效的电话号码")
    with inside.expect_download() as got:
        run.get_by_role("button", name="下载更正表").click()
    assert got.value.suggested_filename == "corrections-b.xlsx"
    inside.locator("#send").get_by_label("试运行").uncheck()
    inside.locator("#send button").click()
    run.get_by_role("button", name="撤销导入").click()
    send(inside)
    expect(run.locator("header")).to_contain_text("已撤销")


def test_only_what_is_possible_now_is_offered_and_waiting_asks_until_when(inside: Page, place: town.Town) -> None:
    with place.as_("desk") as desk:
        number = desk.post("/tickets", json=place.repair()).json()["number"]
    inside.get_by_role("button", name=number).click()
    buttons = inside.locator("#actions")
    buttons.get_by_role("button", name="接单").click()
    buttons.get_by_role("button", name="到场").click()
    buttons.get_by_role("button", name="等待").click()
    asked(inside).get_by_label("下次时间").fill((now() + timedelta(days=1)).strftime("%Y-%m-%dT10:00"))
    send(inside)
    buttons.get_by_role("button", name="继续").click()
    expect(buttons.get_by_role("button", name="完工")).to_be_visible()
    expect(buttons.get_by_role("button", name="重开")).to_have_count(0)


def test_who_may_not_see_people_is_offered_no_page_for_it(page: Page, place: town.Town) -> None:
    log_in(page, f"qian-{place.name}")
    expect(page.locator("#live")).to_have_class(re.compile(r"\bon\b"))
    expect(page.locator("#pages").get_by_role("link", name="名册")).to_be_hidden()
    turn_to(page, "业户")
    expect(page.locator("#find")).to_be_disabled()
    expect(page.locator("#residents-views").get_by_role("link", name="待联系")).to_have_count(0)
