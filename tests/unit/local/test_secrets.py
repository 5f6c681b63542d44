from __future__ import annotations

import stat
from pathlib import Path

from steward.local import secrets
from steward.settings import Settings


def test_secrets_are_made_once_and_make_valid_settings(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    first = secrets.ensure(file)
    assert secrets.ensure(file) == first
    assert Settings.from_env(first).token_key == first["STEWARD_TOKEN_KEY"]
    assert set(first) == set(secrets.MADE)


def test_only_their_owner_may_read_them(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    secrets.ensure(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    assert secrets.too_open(file)
    secrets.ensure(file)
    assert not secrets.too_open(file)


def test_a_missing_secret_is_added_and_the_others_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    kept = secrets.ensure(file)
    file.write_text("".join(line + "\n" for line in file.read_text().splitlines() if "SMS_KEY" not in line))
    again = secrets.ensure(file)
    assert again.pop("STEWARD_SMS_KEY")
    assert again.items() <= kept.items()


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    one, other = secrets.ensure(tmp_path / "one"), secrets.ensure(tmp_path / "other")
    assert not set(one.values()) & set(other.values())
