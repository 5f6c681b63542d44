"""Time at the edges. Models never call these: *now* is passed to them."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present, UTC, cut to the millisecond that the store keeps."""
    return truncate(datetime.now(UTC))


def truncate(moment: datetime) -> datetime:
    """``moment`` cut to the millisecond."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def iso(moment: datetime) -> str:
    """RFC 3339, UTC, with milliseconds: ``2026-11-23T04:12:54.120Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def microseconds(moment: datetime) -> int:
    """Whole microseconds from 1970 to ``moment``: how the order of what is committed is counted."""
    return int(moment.timestamp() * 1_000_000)


def parse(text: str) -> datetime:
    """The moment that RFC 3339 ``text`` names. Raises ValueError when it names none, or has no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    return truncate(moment.astimezone(UTC))
