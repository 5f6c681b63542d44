"""Small things that the kit puts on a service instance before a method runs."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from nameko.extensions import DependencyProvider

from steward.context import Context
from steward.policy import Policies
from steward.settings import Settings
from steward.store.provider import SharedStore
from steward.trust.sealing import Sealer


class CurrentContext(DependencyProvider):
    """``self.context``: who asks, and when."""

    def get_dependency(self, worker: Any) -> Context | None:
        context: Context | None = worker.data.get("steward")
        return context


class PolicyBook(DependencyProvider):
    """``self.policy``: the numbers of the handbook as this installation sets them."""

    @cached_property
    def _policies(self) -> Policies:
        return Policies(self.container.service_cls.spec, Settings.from_env().policy)

    def get_dependency(self, worker: Any) -> Policies:
        return self._policies


class SealerOf(DependencyProvider):
    """``self.sealer``: encrypts personal fields with the keys of this installation."""

    store = SharedStore()

    def get_dependency(self, worker: Any) -> Sealer:
        return self.store.sealer
