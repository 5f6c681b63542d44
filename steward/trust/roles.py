"""Which role may do what: as services declare it, and as a company says in ``roles.toml`` of its policy folder.

    [roles.desk]                        # a shipped role: what it loses (and, by `with`, gains)
    without = ["tickets.settle"]

    [roles.night_desk]                  # a role of the company's own
    like = "desk"                       # begins with what that one may (without it: with nothing)
    with = ["dispatch.assign"]

What is not said is not permitted. Whatever names something that there is not is refused, with the line where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from steward.bus.standard import STANDARD_PERMISSIONS
from steward.plugins import installed_services
from steward.policy import PolicyError, company
from steward.settings import read

FILE = "roles"
Holders = Mapping[str, frozenset[str]]
"""Every permission and the roles that hold it."""
_NAME = re.compile(r"[a-z][a-z0-9_]{1,31}")
_WORDS = ("like", "without", "with")
_RESERVED = ("system", "enrolling")
"""Roles that the software gives itself."""
_HEADER = re.compile(r"\s*\[[^\[\],]*\]\s*(#.*)?$")


class BadRole(Exception):
    """What is wrong with ``role``, and the ``word`` beside which it stands."""

    def __init__(self, role: str, said: str, word: str = "") -> None:
        super().__init__(said)
        self.role, self.word = role, word


def declared() -> dict[str, frozenset[str]]:
    """As all installed services declare it."""
    own = [permission for spec in installed_services().values() for permission in spec.permissions]
    return {permission.name: frozenset(permission.roles) for permission in (*STANDARD_PERMISSIONS, *own)}


@cache
def permitted() -> dict[str, frozenset[str]]:
    """As this installation has it. Raises PolicyError."""
    return understood(declared(), read("policy"))


@cache
def named() -> tuple[str, ...]:
    """The roles that the company's file names, its own among them."""
    return named_in(read("policy"))


def named_in(folder: Path | None) -> tuple[str, ...]:
    """As :func:`named`, of the file in ``folder``."""
    return tuple(company(FILE, folder)[1].get("roles", {}))


def check(folder: Path | None) -> None:
    """Raises PolicyError for a file that cannot be followed."""
    shipped = _readable() if company(FILE, folder)[0] else None
    if shipped is not None:
        understood(shipped, folder)


def known(folder: Path | None) -> frozenset[str] | None:
    """Every role that there is, the company's own too; None where that cannot be told."""
    shipped = _readable()
    return None if shipped is None else frozenset().union(*shipped.values(), named_in(folder)) - {*_RESERVED}


def _readable() -> Holders | None:
    try:
        return declared()
    except Exception:  # a service that cannot be read, which is told of itself; who may do what is then not asked
        return None


def understood(shipped: Holders, folder: Path | None) -> dict[str, frozenset[str]]:
    """``shipped`` with what the file in ``folder`` says. Raises PolicyError, naming file and line."""
    path, says = company(FILE, folder)
    strange = [name for name in says if name != "roles"]
    try:
        if strange or not isinstance(says.get("roles", {}), dict):
            raise BadRole(strange[0] if strange else "roles", "expected tables [roles.NAME]")
        return changed(shipped, says.get("roles", {}))
    except BadRole as wrong:
        line = _line(Path(path).read_text(encoding="utf-8"), wrong.role, wrong.word)
        raise PolicyError(f"{path}:{line}: {wrong.role}: {wrong}") from wrong


def changed(shipped: Holders, rows: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """``shipped`` as ``rows`` change it. Raises BadRole."""
    roles = frozenset().union(*shipped.values()) - {*_RESERVED}
    for name, row in rows.items():
        _check_shape(name, row, roles)
    held = {role: frozenset(permission for permission, holders in shipped.items() if role in holders) for role in roles}
    for name in sorted(rows, key=lambda name: name not in roles):  # a new role is like a shipped one as that has become
        held[name] = _held(name, rows[name], held, shipped)
    return {permission: _holders(permission, held) | (holders & {*_RESERVED}) for permission, holders in shipped.items()}


def _holders(permission: str, held: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(role for role, permissions in held.items() if permission in permissions)


def _check_shape(name: str, row: Any, roles: Iterable[str]) -> None:
    if name in _RESERVED or not _NAME.fullmatch(name):
        raise BadRole(name, "is no name for a role: small letters, digits and _, and none of the software's own")
    if not isinstance(row, dict):
        raise BadRole(name, "expected a table")
    for word in row:
        if word not in _WORDS:
            raise BadRole(name, f"there is no {word!r} here{_meant(word, _WORDS)}", word)
    if "like" in row and (name in roles or row["like"] not in roles):
        said = "is shipped, and like itself" if name in roles else f"no shipped role is called {row['like']!r}{_meant(row['like'], roles)}"
        raise BadRole(name, said, "like")


def _held(name: str, row: Mapping[str, Any], held: Mapping[str, frozenset[str]], shipped: Holders) -> frozenset[str]:
    own = held.get(row.get("like", name), frozenset())
    loses, gains = (frozenset(_permissions(name, row, word, shipped)) for word in ("without", "with"))
    for permission in sorted(loses - own):
        raise BadRole(name, f"does not hold {permission!r}, and cannot lose it", permission)
    for permission in sorted(gains):
        if not shipped[permission] - {*_RESERVED}:
            raise BadRole(name, f"{permission!r} is for services alone", permission)
    return (own - loses) | gains


def _permissions(name: str, row: Mapping[str, Any], word: str, shipped: Holders) -> Iterator[str]:
    listed = row.get(word, [])
    if not isinstance(listed, list) or not all(isinstance(permission, str) for permission in listed):
        raise BadRole(name, f"{word}: expected a list of permissions", word)
    for permission in listed:
        if permission not in shipped:
            raise BadRole(name, f"there is no permission {permission!r}{_meant(permission, shipped)}", permission)
        yield permission


def _meant(word: Any, known: Iterable[str]) -> str:
    close = get_close_matches(str(word), list(known), 1, 0.6)
    return f": did you mean {close[0]}?" if close else ""


def _line(text: str, role: str, word: str) -> int:
    """Where ``word`` stands in the table of ``role``, or else the table itself; from 1."""
    lines = text.splitlines()
    ways = (rf'\s*\[\s*roles\.["\']?{re.escape(role)}["\']?\s*\]', rf'\s*\[?(roles\.)?["\']?{re.escape(role)}\b')
    begins = next((number for way in ways for number, line in enumerate(lines) if re.match(way, line)), 0)
    for number in range(begins, len(lines)):
        if number > begins and _HEADER.match(lines[number]):
            break
        if word and re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", lines[number].partition("#")[0]):
            return number + 1
    return begins + 1
