"""From method and path to an operation."""

from __future__ import annotations

import re
from collections.abc import Iterable

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule

from gateway.operations import BadRoute, Operation
from gateway.problems import WrongMethod
from gateway.strict import clean
from steward.errors import NotFound

_NAME = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
NAME_LENGTH = 128
"""The longest value of a name in a path; anything longer names nothing that exists."""


def names_of(path: str) -> list[str]:
    """The names in a path such as ``/projects/{project}``."""
    return _NAME.findall(path)


class Router:
    """All operations by method and path. Raises BadRoute when two claim the same."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = tuple(operations)
        self._map = Map(strict_slashes=True, merge_slashes=False, redirect_defaults=False)
        claimed: dict[tuple[str, str], str] = {}
        for operation in self.operations:
            shape = (operation.method, _NAME.sub("{}", operation.path))
            if shape in claimed:
                raise BadRoute(f"{operation.id} and {claimed[shape]} both claim {operation.method} {operation.path}")
            claimed[shape] = operation.id
            self._map.add(_rule(operation))

    def match(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """The operation and the names in its path. Raises NotFound, WrongMethod."""
        adapter = self._map.bind("", path_info=path, default_method=method)
        try:
            operation, names = adapter.match()
        except MethodNotAllowed as error:
            allow = sorted(error.valid_methods or ())
            raise WrongMethod(f"{method} is not possible here", allow=allow) from None
        except HTTPException:
            raise NotFound("no such path") from None
        if not all(clean(value) for value in names.values()):
            raise NotFound("no such path")
        return operation, {**names, **(operation.fixed or {})}


def _rule(operation: Operation) -> Rule:
    path = _NAME.sub(rf"<string(maxlength={NAME_LENGTH}):\1>", operation.path)
    return Rule(path, methods=[operation.method], endpoint=operation)
