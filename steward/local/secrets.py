"""The secrets of a local installation: made once, kept in one file that its owner alone may read."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from pathlib import Path

from steward.local.place import PRIVATE, read_env, write_env

REMARK = "Secrets of this installation. Losing STEWARD_FIELD_KEY makes phones unreadable for ever: back this file up."


def _text() -> str:
    return secrets.token_urlsafe(36)


def _field_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _password() -> str:
    return "-".join(secrets.token_hex(2) for _ in range(3))


MADE: dict[str, Callable[[], str]] = {
    "STEWARD_TOKEN_KEY": _text,
    "STEWARD_FIELD_KEY": _field_key,
    "STEWARD_SMS_KEY": lambda: f"local-{secrets.token_hex(4)}",
    "STEWARD_SMS_SECRET": _text,
    "STEWARD_DEMO_PASSWORD": _password,
}


def ensure(path: Path) -> dict[str, str]:
    """The secrets in ``path``, those that are missing made and added. Raises OSError."""
    kept = read_env(path)
    missing = {name: make() for name, make in MADE.items() if not kept.get(name)}
    if missing:
        write_env(path, kept | missing, REMARK)
    elif too_open(path):
        path.chmod(PRIVATE)
    return kept | missing


def too_open(path: Path) -> bool:
    """Whether somebody other than its owner may read ``path``."""
    return bool(path.stat().st_mode & 0o077)
