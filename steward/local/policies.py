"""Which files of the policy folder keep a service from starting, and how to mend them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import NamedTuple

from steward.policy import PolicyError
from steward.soundness import check
from steward.spec import GATEWAY, Hears, ServiceSpec
from steward.trust import roles

BUS = ServiceSpec("bus", {}, "", hears=(Hears("any", ()),))
"""Stands for all services: the rules that hold for each of their handlers are its own."""

ROLES = ServiceSpec(roles.FILE, {}, "")
"""Stands for all services too: who may do what, in all of them."""


class Judgement(NamedTuple):
    """What became of reading one service's policy. ``mend`` is "" when it can be followed."""

    service: str
    said: str
    mend: str = ""


def judge(folder: Path | None) -> Iterator[Judgement]:
    """Every installed service's policy, each on its own: what is wrong with one hides nothing of the others."""
    if folder and not folder.is_dir():
        yield Judgement("folder", f"{folder} is no folder", "make it, or set STEWARD_POLICY to another")
        return
    told: dict[str, str] = {}
    points = sorted(entry_points(group="steward.services"), key=lambda point: point.name)
    read: list[ServiceSpec | EntryPoint] = [ROLES, BUS, GATEWAY, *points]
    for found in read:
        name, wrong = found.name, _wrong(found, folder)
        if wrong in told:
            yield Judgement(name, f"as {told[wrong]}", f"see {told[wrong]}")
        elif wrong:
            told[wrong] = name
            yield Judgement(name, wrong, "correct that place, or take it out: what is shipped then holds")
        else:
            yield Judgement(name, str(_file(folder, name) or "as shipped"))
    yield from _strays(folder, {found.name for found in read})


def _wrong(found: ServiceSpec | EntryPoint, folder: Path | None) -> str:
    """What keeps the service from starting, "" if nothing does."""
    try:
        if found is ROLES:
            roles.check(folder)
        else:
            check(found.load() if isinstance(found, EntryPoint) else found, folder)
    except PolicyError as error:
        return str(error)
    except Exception as error:  # a plug-in may raise anything
        return f"{_file(folder, found.name) or 'what is shipped'}: cannot be understood: {type(error).__name__}: {error}"
    return ""


def _file(folder: Path | None, name: str) -> Path | None:
    path = folder / f"{name}.toml" if folder else None
    return path if path and path.is_file() else None


def _strays(folder: Path | None, known: set[str]) -> Iterator[Judgement]:
    """Files that nobody reads."""
    for path in sorted(folder.glob("*.toml") if folder else ()):
        if path.stem not in known:
            close = get_close_matches(path.stem, known, 1, 0.6)
            mend = f"call it {close[0]}.toml" if close else f"there is {', '.join(sorted(known))}"
            yield Judgement(path.stem, f"{path}: nobody reads it", mend)
