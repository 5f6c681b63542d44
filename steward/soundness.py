"""Whether what the policy folder says of a service can be followed: asked at its start, and by ``steward doctor``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from steward.bus import retrying
from steward.plugins import load
from steward.policy import Policies, PolicyError, company, shipped
from steward.spec import ServiceSpec
from steward.trust import roles
from steward.trust.approvals import BadRule, rule_of

KINDS: Mapping[str, tuple[type, ...]] = {
    "true or false": (bool,),
    "a number": (int, float),
    "text": (str,),
    "a list": (list,),
    "a table": (dict,),
}


def check(spec: ServiceSpec, folder: Path | None) -> None:
    """Raises PolicyError, saying where, for what keeps the service of ``spec`` from following its policy.

    A service that names no ``check`` of its own is to get values of the kinds that it ships.
    """
    roles.check(folder)
    retrying.check(spec, folder)
    if spec.check:
        load(spec.check)(folder)
    else:
        same_kinds(spec, folder)
    _rules(spec, folder)


def _rules(spec: ServiceSpec, folder: Path | None) -> None:
    """Raises PolicyError for what is approved by no rule that can be followed, and for a rule of what there is not."""
    kinds = {approved.name for approved in spec.approvals}
    known = roles.known(folder) if kinds else None
    for where, _, policy in places(spec, folder) if kinds else ():
        rows = policy.get("approvals", {})
        for name in sorted(kinds ^ rows.keys()):
            raise PolicyError(f"{where}: approvals: {f'{name} is missing' if name in kinds else f'there is no {name!r}'}")
        for name, row in rows.items():
            try:
                rule_of(row, known)
            except BadRule as wrong:
                raise PolicyError(f"{where}: approvals.{name}: {wrong}") from wrong


def places(spec: ServiceSpec, folder: Path | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The company's word and that of each of its projects: where it stands, the project, and the whole policy there.

    Raises PolicyError when the company's file is not TOML, or names projects otherwise than as tables.
    """
    path, own = company(spec.name, folder)
    projects = own.get("project", {})
    if not isinstance(projects, dict) or not all(isinstance(over, dict) for over in projects.values()):
        raise PolicyError(f"{path}: project: expected tables [project.ID]")
    policies = Policies(spec, folder)
    yield path or spec.policy, "", policies.of("")
    for project in projects:
        yield f"{path} [project.{project}]", project, policies.of(project)


def same_kinds(spec: ServiceSpec, folder: Path | None) -> None:
    """Raises PolicyError for the first value of another kind than the shipped one that it replaces."""
    base = shipped(spec)
    for where, _, policy in places(spec, folder):
        _compare(where, base, policy)


def _compare(where: str, base: Mapping[str, Any], over: Mapping[str, Any], path: str = "") -> None:
    for key in base.keys() & over.keys():
        wanted = _kind(base[key])
        if _kind(over[key]) != wanted:
            raise PolicyError(f"{where}: {path}{key}: expected {wanted}, as {base[key]!r}, not {over[key]!r}")
        if isinstance(base[key], dict):
            _compare(where, base[key], over[key], f"{path}{key}.")


def _kind(value: Any) -> str:
    return next((kind for kind, types in KINDS.items() if isinstance(value, types)), type(value).__name__)
