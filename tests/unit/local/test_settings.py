from __future__ import annotations

import base64
from pathlib import Path

import pytest

from steward.settings import TABLE, Settings, SettingsError, markdown_table

ENOUGH = {"STEWARD_TOKEN_KEY": "k" * 32, "STEWARD_FIELD_KEY": base64.b64encode(bytes(32)).decode()}


def test_the_defaults_and_two_secrets_are_enough() -> None:
    found = Settings.from_env(ENOUGH)
    assert (found.http, found.replica, found.policy, found.log_level) == ("127.0.0.1:8080", 0, None, "INFO")
    assert found.data == Path("var").resolve()
    assert found.field_key == bytes(32)


@pytest.mark.parametrize("name", ["STEWARD_TOKEN_KEY", "STEWARD_FIELD_KEY"])
def test_a_missing_secret_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({key: value for key, value in ENOUGH.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STEWARD_TOKEN_KEY", "too short"),
        ("STEWARD_FIELD_KEY", "not base64!"),
        ("STEWARD_FIELD_KEY", base64.b64encode(bytes(16)).decode()),
        ("STEWARD_HTTP", "8080"),
        ("STEWARD_HTTP", "localhost:99999"),
        ("STEWARD_REPLICA", "-1"),
        ("STEWARD_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**ENOUGH, name: value})
    assert name in str(caught.value)
    assert value not in str(caught.value)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.from_env({**ENOUGH, "STEWARD_HTTP": "  "}).http == "127.0.0.1:8080"


def test_the_health_address_may_be_a_port_alone() -> None:
    assert Settings.from_env({**ENOUGH, "STEWARD_HEALTH": "0"}).health == "127.0.0.1:0"


def test_secrets_do_not_show_in_the_repr() -> None:
    secret = {"STEWARD_AMQP_URI": "amqp://u:sesame@h//", "STEWARD_SMS_SECRET": "sesame", "STEWARD_DEMO_PASSWORD": "sesame"}
    shown = repr(Settings.from_env({**ENOUGH, **secret}))
    assert "sesame" not in shown
    assert ENOUGH["STEWARD_TOKEN_KEY"] not in shown


def test_require_names_the_variable_that_is_empty() -> None:
    with pytest.raises(SettingsError, match="STEWARD_AMQP_URI"):
        Settings.from_env(ENOUGH).require("mongo_uri", "amqp_uri")


def test_a_provider_without_our_account_there_is_refused_at_the_start() -> None:
    there = {**ENOUGH, "STEWARD_OIDC_ISSUER": "https://login.example.com/"}
    with pytest.raises(SettingsError, match="STEWARD_OIDC_CLIENT"):
        Settings.from_env(there)
    with pytest.raises(SettingsError, match="STEWARD_OIDC_ISSUER"):
        Settings.from_env(there | {"STEWARD_OIDC_ISSUER": "http://login.example.com"})
    whole = {f"STEWARD_OIDC_{name}": "x" for name in ("CLIENT", "SECRET", "REDIRECT")}
    assert Settings.from_env(there | whole).oidc_issuer == "https://login.example.com"


def test_every_setting_stands_in_the_table_once() -> None:
    assert sorted(row.attribute for row in TABLE) == sorted(Settings.__dataclass_fields__)
    assert all(f"`{row.name}`" in markdown_table() for row in TABLE)


def test_the_documented_table_is_the_real_one() -> None:
    assert markdown_table() in (Path(__file__).parents[3] / "docs" / "settings.md").read_text()
