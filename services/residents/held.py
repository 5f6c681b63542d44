"""All that this service holds of somebody, under labels that people can read: its part of a copy (docs/privacy.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from services.residents.desk import Desk
from services.residents.model import Person, Unit
from services.residents.model.access import AccessRequest
from services.residents.model.erasures import Erasure
from services.residents.store import ACCESS, CARDS, CASES, ERASURES, VEHICLES
from steward.copies import section

_MOST = 1_000

Row = dict[str, Any]


def sections(desk: Desk, person: Person, units: Sequence[Unit]) -> list[Row]:
    """The file, its ties to ``units``, and what hangs on both."""
    labels, whose = {unit.id: unit.label for unit in units}, {"project": person.project, "person": person.id}
    return [
        section("个人档案", [_file(desk, person)]),
        section("房屋关系", _ties(person, units)),
        section("紧急联系人", _emergency(desk, person)),
        section("车辆", _vehicles(desk, person, labels)),
        section("手续", _cases(desk, person, labels)),
        section("门禁卡", _cards(desk, person)),
        section("审批", _approvals(desk, person)),
        section("查阅复制申请", _asked(desk.store.read.where(ACCESS, whose, limit=_MOST))),
        section("删除申请", _asked(desk.store.read.where(ERASURES, whose, limit=_MOST))),
    ]


def approved_of(desk: Desk, project: str, person: str) -> list[str]:
    """What approvals may be about that tell of ``person``: the file, and cards that they hold."""
    cards = desk.store.read.where(CARDS, {"project": project, "holder": person}, limit=_MOST)
    return [person, *(card.id for card in cards)]


def _file(desk: Desk, person: Person) -> Row:
    opened = desk.sealer.open
    return {
        "姓名": opened(person.name),
        "电话": "、".join(opened(phone.text) for phone in person.phones),
        "身份证号": opened(person.id_number.text) if person.id_number else None,
        "语言": person.language,
        "通知方式": "、".join(person.preferences.channels),
        "关爱户": f"每 {person.care.every_days} 天探访" if person.care else None,
        "登记时间": person.registered_at,
    }


def _ties(person: Person, units: Sequence[Unit]) -> Iterator[Row]:
    for unit in units:
        for tie in unit.ties:
            if tie.person == person.id:
                yield {"房号": unit.label, "身份": tie.role, "自": tie.since, "至": tie.until, "份额": tie.share}


def _emergency(desk: Desk, person: Person) -> Iterator[Row]:
    opened = desk.sealer.open
    for contact in person.emergency:
        yield {"姓名": opened(contact.name), "关系": opened(contact.relation), "电话": opened(contact.phone)}


def _vehicles(desk: Desk, person: Person, labels: dict[str, str]) -> Iterator[Row]:
    for vehicle in desk.store.read.where(VEHICLES, {"project": person.project, "person": person.id}, limit=_MOST):
        yield {"车牌": desk.sealer.open(vehicle.plate.text), "房号": labels.get(vehicle.unit), "登记时间": vehicle.filed.at}


def _cases(desk: Desk, person: Person, labels: dict[str, str]) -> Iterator[Row]:
    for case in desk.store.read.where(CASES, {"project": person.project, "unit": {"$in": sorted(labels)}}, limit=_MOST):
        if person.id in (case.person, case.agent):
            yield {"种类": case.kind, "房号": labels[case.unit], "开始": case.opened.at, "状态": case.state}


def _cards(desk: Desk, person: Person) -> Iterator[Row]:
    for card in desk.store.read.where(CARDS, {"project": person.project, "holder": person.id}, limit=_MOST):
        yield {"卡号": card.printed, "状态": card.state, "登记时间": card.filed.at}


def _approvals(desk: Desk, person: Person) -> Iterator[Row]:
    for one in desk.approving.about(person.project, approved_of(desk, person.project, person.id)):
        said = "；".join(vote.reason for vote in one.votes if vote.reason)
        yield {"事项": one.kind, "理由": one.reason, "意见": said, "申请时间": one.asked_at, "状态": one.state}


def _asked(requests: Iterable[AccessRequest | Erasure]) -> Iterator[Row]:
    for request in requests:
        yield {"理由": request.reason, "申请时间": request.asked.at, "状态": request.state}
