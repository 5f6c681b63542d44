"""The token with which a service speaks for itself on the bus."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from steward.settings import read
from steward.times import now
from steward.trust.principals import service_principal, sign

_LIFETIME = timedelta(hours=1)
_RENEWALS_AN_HOUR = 4


def own_token(service: str) -> str:
    """A token of ``service`` that is good for at least another 45 minutes."""
    return _token(service, read("token_key"), int(now().timestamp() * _RENEWALS_AN_HOUR / _LIFETIME.total_seconds()))


@lru_cache(maxsize=8)
def _token(service: str, key: str, _period: int) -> str:
    return sign(service_principal(service), key, now(), _LIFETIME)
