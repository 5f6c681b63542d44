"""Which columns a roster may have, in Chinese and English, and what a cell of each must look like."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from services.residents import gb11643, phones
from services.residents.model import Role
from services.residents.roster.tables import Cell

UNIT, ENTRANCE, BUILDING, LABEL, AREA = "unit", "entrance", "building", "label", "area"
NAME, PHONE, ROLE, SINCE, ID_NUMBER = "name", "phone", "role", "from", "id_number"

HEADERS: dict[str, tuple[str, ...]] = {
    BUILDING: ("楼栋", "楼号", "栋号", "楼幢", "building"),
    ENTRANCE: ("单元", "单元号", "entrance"),
    UNIT: ("房号", "房间号", "室号", "room", "unit"),
    LABEL: ("完整房号", "label"),
    AREA: ("面积", "建筑面积", "area"),
    NAME: ("姓名", "业主姓名", "name"),
    PHONE: ("电话", "手机", "手机号", "联系电话", "mobile", "phone", "phones"),
    ROLE: ("关系", "身份", "role"),
    SINCE: ("入住日期", "入住时间", "since", "from"),
    ID_NUMBER: ("身份证", "身份证号", "身份证号码", "idnumber"),
}
LEFT_OUT = ""
"""The field of a column that is not to be read."""
CORRECTIONS = {"zh-CN": "问题说明", "en": "problems"}
"""The column that a file of corrections has beyond those of the roster it came from."""
_FIELD_OF = {header: field for field, headers in HEADERS.items() for header in headers} | dict.fromkeys(CORRECTIONS.values(), LEFT_OUT)

ROLES = {
    "业主": Role.OWNER,
    "产权人": Role.OWNER,
    "住户": Role.RESIDENT,
    "使用人": Role.RESIDENT,
    "租户": Role.TENANT,
    "租客": Role.TENANT,
    "代理人": Role.AGENT,
    **{role.value: role for role in Role},
}
ROLE_NAMES = {role: name for name, role in reversed(ROLES.items()) if not name.isascii()}
"""What an export calls them: the first name of each."""
_LONGEST = {UNIT: 40, LABEL: 40, ENTRANCE: 20, BUILDING: 20, NAME: 60, PHONE: 120, ROLE: 20, SINCE: 20, ID_NUMBER: 24, AREA: 20}
_FORMULA_SIGNS = ("=", "+", "-", "@")
_AS_TEXT = re.compile(r"'(?=[=+\-@])")
"""Before a sign: what follows is text and no formula, as exports write it."""
_PLACE = re.compile(r"[\w\-#./ ]+")
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))")
_AREA = re.compile(r"(\d{1,7}(?:\.\d{1,4})?) ?(?:m2|平方米|平米|平)?")
_PHONE_BREAKS = re.compile(r"[/、;,|\n]")
_INTERNATIONAL = re.compile(r"\+[\d(]")


class WrongCell(ValueError):
    """A cell that cannot be used; its argument is the problem's code."""


@dataclass(frozen=True)
class Rules:
    """What cells are judged by: the policy, the day that it is in the project, and what its own headers were said to mean."""

    policy: Mapping[str, Any]
    today: date
    meanings: Mapping[str, str] = field(default_factory=dict)


def plain_header(header: Cell) -> str:
    """``header`` without what does not matter: case, width, spaces, a remark in brackets."""
    text = unicodedata.normalize("NFKC", str(header or "")).casefold()
    return re.sub(r"\(.*?\)|\[.*?\]|[\s*:_]", "", text)


def field_of(header: Cell, meanings: Mapping[str, str] = MappingProxyType({})) -> str | None:
    """The field that a column called ``header`` holds (:data:`LEFT_OUT`: none that counts), or None for one that is not known.

    ``meanings`` is what the project said of headers, by their plain form; it has the last word.
    """
    plain = plain_header(header)
    return meanings.get(plain, _FIELD_OF.get(plain))


def value_of(field: str, cell: Cell, rules: Rules) -> Any:
    """What ``cell`` says, None when it is empty. Raises :class:`WrongCell`."""
    text = unicodedata.normalize("NFKC", "" if cell is None else str(cell)).strip()
    if not text:
        return None
    shown = _AS_TEXT.match(text)
    text = text[1:] if shown else text
    if text.startswith(_FORMULA_SIGNS) and not shown and not (field == PHONE and _INTERNATIONAL.match(text)):
        raise WrongCell("bad_area" if field == AREA and not isinstance(cell, str) else "formula")
    if len(text) > _LONGEST[field]:
        raise WrongCell("too_long")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") for character in text.replace("\n", "")):
        raise WrongCell("control")
    return _READERS[field](text, rules)


def _place(text: str, rules: Rules) -> str:
    if not _PLACE.fullmatch(text):
        raise WrongCell("bad_unit")
    return text


def _area(text: str, rules: Rules) -> float:
    match = _AREA.fullmatch(text)
    if match is None or not 0 < float(match[1]) <= rules.policy["roster"]["max_area_m2"]:
        raise WrongCell("bad_area")
    return float(match[1])


def _name(text: str, rules: Rules) -> str:
    return " ".join(text.split())


def _phones(text: str, rules: Rules) -> tuple[str, ...]:
    parts = [part for part in _PHONE_BREAKS.split(text) if part.strip()]
    found = [phones.normalised(part, rules.policy["defaults"]["country"]) for part in parts]
    if not found or None in found:
        raise WrongCell("bad_phone")
    distinct = tuple(dict.fromkeys(phone for phone in found if phone))
    if len(distinct) > rules.policy["people"]["max_phones"]:
        raise WrongCell("too_many_phones")
    return distinct


def _role(text: str, rules: Rules) -> Role:
    role = ROLES.get(text.casefold())
    if role is None:
        raise WrongCell("bad_role")
    return role


def _since(text: str, rules: Rules) -> date:
    match = _DATE.fullmatch(text)
    try:
        day = date(*(int(part) for part in match.groups() if part)) if match else None
    except ValueError:
        day = None
    if day is None or not rules.policy["roster"]["earliest"] <= day:
        raise WrongCell("bad_date")
    return day


def _id_number(text: str, rules: Rules) -> str:
    number = gb11643.normalised(text)
    if not gb11643.is_valid(number, rules.today):
        raise WrongCell("bad_id_number")
    return number


_READERS: dict[str, Callable[[str, Rules], Any]] = {
    BUILDING: _place,
    ENTRANCE: _place,
    UNIT: _place,
    LABEL: _place,
    AREA: _area,
    NAME: _name,
    PHONE: _phones,
    ROLE: _role,
    SINCE: _since,
    ID_NUMBER: _id_number,
}
