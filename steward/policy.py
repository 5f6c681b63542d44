"""Policy: the handbook's numbers as data, shipped by a service, overridden by a company and by its projects."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from steward.settings import SettingsError
from steward.spec import ServiceSpec

Rules = Mapping[str, Any]


def merge(base: Rules, over: Rules) -> dict[str, Any]:
    """``base`` with what ``over`` says instead; tables are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def shipped(spec: ServiceSpec) -> dict[str, Any]:
    """The numbers that come with the service."""
    if not spec.policy:
        return {}
    package, _, name = spec.policy.partition(":")
    return tomllib.loads(files(package).joinpath(name).read_text(encoding="utf-8"))


class PolicyError(SettingsError):
    """A policy file cannot be understood. The message says which one, and where."""


def company(name: str, folder: Path | None) -> tuple[str, dict[str, Any]]:
    """Where the company's file ``name`` of the policy ``folder`` stands, and what it says: nothing, where there is none.

    Raises PolicyError when it is not TOML.
    """
    path = folder / f"{name}.toml" if folder else None
    if path is None or not path.is_file():
        return "", {}
    try:
        return str(path), tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: {error}") from error


class Policies:
    """One service's policy in one installation.

    ``folder/{service}.toml`` overrides what is shipped; its ``[project.ID]`` tables override it for one project.
    """

    def __init__(self, spec: ServiceSpec, folder: Path | None) -> None:
        _, own = company(spec.name, folder)
        self._projects = own.pop("project", {})
        self._own = own
        self._company = merge(shipped(spec), own)
        self._of = lru_cache(maxsize=4096)(self._merged)

    def of(self, project: str) -> dict[str, Any]:
        """The rules that hold in ``project``."""
        return self._of(project)

    def layers(self, project: str) -> tuple[Rules, Rules]:
        """What the company says of its own, and what it says of ``project`` alone; neither holds what is shipped."""
        return self._own, self._projects.get(project, {})

    def _merged(self, project: str) -> dict[str, Any]:
        return merge(self._company, self._projects.get(project, {}))
