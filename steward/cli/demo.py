"""``steward demo``: a company to try things on. All of it is made up, from a fixed seed; no number belongs to anybody."""

from __future__ import annotations

import base64
import csv
import io
import random
from collections.abc import Iterator
from typing import Any

import click

from steward.bus.client import Client
from steward.errors import AlreadyExists, NotFound
from steward.local.attach import attach
from steward.settings import Settings
from steward.testing.waiting import eventually

PROJECT = "yinhu"
OPENED = {
    "id": PROJECT, "code": "YH", "name": "银湖花园", "name_en": "Silver Lake Gardens", "timezone": "Asia/Shanghai", "company": "demo",
}  # fmt: skip
STAFF = {
    "desk": "何洁", "zone_manager": "吕岩", "supervisor": "施颖", "manager": "张帆", "engineer": "王建国", "security": "赵刚",
    "cleaner": "孙梅", "cashier": "曹慧", "finance": "严晓", "quality": "华文", "auditor": "金鑫", "admin": "魏然",
}  # fmt: skip
"""Somebody for each role."""
COMPANY_WIDE = ("quality", "admin")
CREW: tuple[tuple[str, str, str, list[str]], ...] = (
    ("E01", "王工", "engineering", ["water", "tap", "drain", "pipe"]),
    ("E02", "李工", "engineering", ["power", "wiring", "lamp", "lift", "public_lighting"]),
    ("E03", "张工", "engineering", []),
    ("S01", "赵队", "security", []),
    ("C01", "孙姐", "cleaning", []),
    ("K01", "周助理", "customer_service", []),
)
TICKETS: tuple[dict[str, Any], ...] = (
    {"kind": "repair_home", "channel": "phone", "item": "tap", "what": "厨房水龙头漏水", "unit": "2-0302", "entry_allowed": True},
    {"kind": "complaint", "channel": "desk", "item": "noise", "what": "楼上深夜装修噪声", "unit": "1-0501"},
    {"kind": "repair_public", "channel": "patrol", "item": "public_lighting", "what": "3 栋大堂照明不亮", "place": "3 栋大堂"},
    {"kind": "enquiry", "channel": "web", "what": "地下车位如何租用", "unit": "3-0201"},
    {"kind": "praise", "channel": "desk", "what": "感谢保洁员拾金不昧", "unit": "1-0102"},
)
"""A morning at the desk; ``unit`` is the label of one."""
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明"
BUILDINGS, FLOORS, DOORS = 3, 6, 2
PHONE_PREFIX = "1990"
"""A range that is assigned to nobody."""


@click.command()
def command() -> None:
    """Add the demo company to the running system, or show its log-ins again."""
    attach()
    for line in seed():
        click.echo(line)


def seed() -> list[str]:
    """Open the demo project with its units, people, crew, users and first tickets, once; returns the lines that tell how to log in."""
    settings = Settings.from_env()
    with Client(settings) as client:
        open_project(client, OPENED)
        for role, name in STAFF.items():
            _add_user(client, role, name, settings.demo_password)
        if not _any(client, "residents", "roster_runs"):
            _import_roster(client)
        if not _any(client, "tickets", "list_tickets"):
            _raise_tickets(client)
    rows = [f"  {_username(role):14} {settings.demo_password}" for role in STAFF]
    return [f"Demo project {OPENED['name']} ({PROJECT}). Log in at http://{settings.http}/ as", *rows]


def open_project(client: Client, opened: dict[str, Any]) -> None:
    """Open a project with a crew, if it is not there, and wait until tickets can be raised in it."""
    project = opened["id"]
    _once(client, "residents", "open_project", body=opened)
    for code, name, department, skills in CREW:
        person = {"code": code, "name": name, "department": department, "skills": skills, "shift": "any"}
        client.call("dispatch", "enrol", key=f"demo-{project}-{code}", within_s=20, project=project, body=person)
    eventually(lambda: _knows(client, "tickets", "list_tickets", project), "tickets has heard of the project")


def _knows(client: Client, service: str, call: str, project: str) -> bool:
    try:
        client.call(service, call, within_s=20, project=project, query={"limit": 1})
    except NotFound:
        return False
    return True


def _once(client: Client, service: str, call: str, **arguments: Any) -> None:
    try:
        client.call(service, call, within_s=20, **arguments)
    except AlreadyExists:
        return


def _any(client: Client, service: str, call: str) -> bool:
    """Whether there is one of what ``call`` lists in the demo project."""
    found = client.call(service, call, within_s=20, project=PROJECT, query={"limit": 1})
    return bool(found["items"])


def _raise_tickets(client: Client) -> None:
    for number, ticket in enumerate(TICKETS):
        where = {"unit": _unit(client, ticket["unit"])} if "unit" in ticket else {}
        client.call("tickets", "raise_ticket", key=f"demo-{number}", within_s=20, project=PROJECT, body={**ticket, **where})


def _unit(client: Client, label: str) -> str:
    found = client.call("residents", "search", within_s=20, project=PROJECT, query={"q": label})
    unit: str = found["items"][0]["unit"]["id"]
    return unit


def _import_roster(client: Client) -> None:
    content = base64.b64encode(roster().encode()).decode()
    run = client.call("residents", "roster", within_s=30, project=PROJECT, content=content, query={"filename": "demo.csv"})
    eventually(lambda: _ended(client, run["id"]), "the roster is imported")


def _ended(client: Client, run: str) -> bool:
    found = client.call("residents", "roster_run", within_s=20, project=PROJECT, run=run, query={})
    return found["ended_at"] is not None


def roster() -> str:
    """The demo project's roster, as CSV; always the same."""
    chance = random.Random(20261123)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["楼栋", "房号", "面积", "姓名", "电话", "关系"])
    for building, label in _units():
        name = chance.choice(SURNAMES) + chance.choice(GIVEN)
        phone = f"{PHONE_PREFIX}{chance.randrange(10**7):07d}"
        table.writerow([building, label, chance.choice((68, 89, 112, 138)), name, phone, chance.choice(("业主", "业主", "租户"))])
    return text.getvalue()


def _units() -> Iterator[tuple[str, str]]:
    for building in range(1, BUILDINGS + 1):
        for floor in range(1, FLOORS + 1):
            for door in range(1, DOORS + 1):
                yield str(building), f"{building}-{floor:02d}{door:02d}"


def _username(role: str) -> str:
    return role.replace("_", "-")


def _add_user(client: Client, role: str, name: str, password: str) -> None:
    where = "*" if role in COMPANY_WIDE else PROJECT
    user = {"username": _username(role), "password": password, "name": name, "grants": {where: [role]}}
    _once(client, "identity", "add_user", body=user)
