"""Everything Steward reads from the environment, in one table. Nothing else reads ``os.environ``."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class SettingsError(ValueError):
    """A setting is missing or cannot be understood. The message names the variable, never its value."""


class Setting(NamedTuple):
    """One row of the table. ``default`` None means that there is none: the variable must be set."""

    name: str
    attribute: str
    default: str | None
    meaning: str
    read: Callable[[str], Any] = str


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("expected host:port")
    return text


def _health(text: str) -> str:
    return _address(text if ":" in text else f"127.0.0.1:{text}")


def _token_key(text: str) -> str:
    if len(text.encode()) < 32:
        raise ValueError("needs at least 32 bytes")
    return text


def _field_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("expected base64") from None
    if len(key) != 32:
        raise ValueError("needs 32 bytes as base64")
    return key


def _field_keys(text: str) -> tuple[bytes, ...]:
    return tuple(_field_key(one.strip()) for one in text.split(",") if one.strip())


def _folder(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _optional_folder(text: str) -> Path | None:
    return _folder(text) if text else None


def _issuer(text: str) -> str:
    plain = text.startswith(("http://127.0.0.1:", "http://localhost:"))
    if text and not plain and not text.startswith("https://"):
        raise ValueError("expected an https:// address")
    return text.rstrip("/")


def _count(text: str) -> int:
    if not text.isdigit():
        raise ValueError("expected a whole number, 0 or more")
    return int(text)


def _workers(text: str) -> int:
    if _count(text) < 1:
        raise ValueError("expected a whole number, 1 or more")
    return int(text)


def _level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("expected DEBUG, INFO, WARNING or ERROR")
    return text.upper()


TABLE = (
    Setting("STEWARD_DATA", "data", "./var", "Folder of everything that the local stack keeps", _folder),
    Setting("STEWARD_HTTP", "http", "127.0.0.1:8080", "Where the gateway listens, host:port", _address),
    Setting("STEWARD_AMQP_URI", "amqp_uri", "", "RabbitMQ; empty: `steward up` starts a private node"),
    Setting("STEWARD_MONGO_URI", "mongo_uri", "", "MongoDB; empty: `steward up` starts the embedded store"),
    Setting("STEWARD_TOKEN_KEY", "token_key", None, "Signs tokens and claims on the bus, 32 bytes or more", _token_key),
    Setting("STEWARD_FIELD_KEY", "field_key", None, "Encrypts phones and names at rest, 32 bytes as base64", _field_key),
    Setting(
        "STEWARD_FIELD_KEYS_OTHER",
        "other_field_keys",
        "",
        "Keys that open and do not seal: former ones, or the next; with commas",
        _field_keys,
    ),
    Setting("STEWARD_SMS_URL", "sms_url", "", "SMS operator; empty: `steward up` starts a simulated one"),
    Setting("STEWARD_SMS_KEY", "sms_key", "", "Account at the SMS operator"),
    Setting("STEWARD_SMS_SECRET", "sms_secret", "", "Signs requests to the SMS operator"),
    Setting("STEWARD_OIDC_ISSUER", "oidc_issuer", "", "OpenID provider at which people may log in; empty: none", _issuer),
    Setting("STEWARD_OIDC_CLIENT", "oidc_client", "", "Client id at the OpenID provider"),
    Setting("STEWARD_OIDC_SECRET", "oidc_secret", "", "Client secret at the OpenID provider"),
    Setting("STEWARD_OIDC_REDIRECT", "oidc_redirect", "", "Address of the console as browsers reach it, as the provider knows it"),
    Setting("STEWARD_DEMO_PASSWORD", "demo_password", "", "Password of the demo log-ins; empty: generated"),
    Setting("STEWARD_POLICY", "policy", "", "Folder whose {service}.toml files override shipped numbers", _optional_folder),
    Setting("STEWARD_HEALTH", "health", "127.0.0.1:0", "Where this process serves /healthz, /readyz, /metrics; 0: any free port", _health),
    Setting("STEWARD_REPLICA", "replica", "0", "Which replica of its service this process is, from 0", _count),
    Setting("STEWARD_WORKERS", "workers", "32", "Events that one process works on at once, divided fairly among its handlers", _workers),
    Setting("STEWARD_LOG_LEVEL", "log_level", "INFO", "DEBUG, INFO, WARNING or ERROR", _level),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The environment, checked. Secrets stay out of its repr."""

    data: Path
    http: str
    amqp_uri: str = field(repr=False)
    mongo_uri: str = field(repr=False)
    token_key: str = field(repr=False)
    field_key: bytes = field(repr=False)
    other_field_keys: tuple[bytes, ...] = field(repr=False)
    sms_url: str
    sms_key: str = field(repr=False)
    sms_secret: str = field(repr=False)
    oidc_issuer: str
    oidc_client: str
    oidc_secret: str = field(repr=False)
    oidc_redirect: str
    demo_password: str = field(repr=False)
    policy: Path | None
    health: str
    replica: int
    workers: int
    log_level: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """The settings that ``environ`` holds. Raises SettingsError naming the variable that is missing or wrong."""
        found = cls(**{row.attribute: _value(row, environ) for row in TABLE})
        if found.oidc_issuer:
            found.require("oidc_client", "oidc_secret", "oidc_redirect")
        return found

    @property
    def field_keys(self) -> tuple[bytes, ...]:
        """The key that seals what is personal, and after it the others that open it."""
        return (self.field_key, *self.other_field_keys)

    def require(self, *attributes: str) -> None:
        """Raise SettingsError for the first of ``attributes`` that is empty, e.g. ``require("amqp_uri")``."""
        for row in TABLE:
            if row.attribute in attributes and not getattr(self, row.attribute):
                raise SettingsError(f"{row.name} is not set: {row.meaning}")


def read(attribute: str, environ: Mapping[str, str] = os.environ) -> Any:
    """One setting alone, for commands that run before there are secrets. Raises SettingsError."""
    return _value(next(row for row in TABLE if row.attribute == attribute), environ)


def _value(row: Setting, environ: Mapping[str, str]) -> Any:
    text = environ.get(row.name, "").strip() or row.default
    if text is None:
        raise SettingsError(f"{row.name} is not set: {row.meaning}")
    try:
        return row.read(text)
    except ValueError as problem:
        raise SettingsError(f"{row.name}: {problem}") from None


def inherited() -> dict[str, str]:
    """A copy of this process's environment, to be passed on to processes that it starts."""
    return dict(os.environ)


def adopt(values: Mapping[str, str]) -> None:
    """Take ``values`` for what this process's environment is silent about, for all that reads settings later."""
    os.environ.update({name: value for name, value in values.items() if not os.environ.get(name)})


@contextmanager
def adopted(values: Mapping[str, str]) -> Iterator[None]:
    """``values`` are this process's environment for a while, for all that reads settings meanwhile."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def markdown_table() -> str:
    """The table as docs/settings.md shows it."""
    rows = (f"| `{s.name}` | {'*required*' if s.default is None else s.default and f'`{s.default}`'} | {s.meaning} |" for s in TABLE)
    return "\n".join(("| variable | default | meaning |", "|---|---|---|", *rows)) + "\n"
