"""Policy: the handbook's numbers as data, shipped by a service, overridden by a company and by its projects."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

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


class Policies:
    """One service's policy in one installation.

    ``folder/{service}.toml`` overrides what is shipped; its ``[project.ID]`` tables override it for one project.
    """

    def __init__(self, spec: ServiceSpec, folder: Path | None) -> None:
        company: dict[str, Any] = {}
        path = folder / f"{spec.name}.toml" if folder else None
        if path and path.is_file():
            company = tomllib.loads(path.read_text(encoding="utf-8"))
        self._projects = company.pop("project", {})
        self._company = merge(shipped(spec), company)
        self._of = lru_cache(maxsize=4096)(self._merged)

    def of(self, project: str) -> dict[str, Any]:
        """The rules that hold in ``project``."""
        return self._of(project)

    def _merged(self, project: str) -> dict[str, Any]:
        return merge(self._company, self._projects.get(project, {}))
