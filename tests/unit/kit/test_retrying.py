"""Rules of trying again: layers, handlers, and what is said of a file that is wrong."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.bus.retrying import LONGEST_S, RetryRules, breaker_rules, retry_rules
from steward.plugins import installed_services
from steward.policy import PolicyError
from steward.spec import Hears, Retry, ServiceSpec

SPEC = ServiceSpec(
    name="parcels",
    title={},
    service="nowhere:Parcels",
    hears=(Hears("on_received", ("parcels.received",), retry=Retry(delays_s=(3,))), Hears("on_moved", ("parcels.moved",))),
)


def said(folder: Path, text: str, name: str = "parcels") -> Path:
    (folder / f"{name}.toml").write_text(text)
    return folder


def test_without_a_company_the_shipped_rules_hold_but_for_what_the_handler_says() -> None:
    shipped, own = retry_rules(SPEC, "on_moved", None), retry_rules(SPEC, "on_received", None)
    assert own.delays_s == (3,) != shipped.delays_s
    assert (own.order_s, own.away_s, own.jitter) == (shipped.order_s, shipped.away_s, shipped.jitter)


def test_every_shipped_handler_has_rules() -> None:
    for spec in installed_services().values():
        for hears in spec.hears:
            assert retry_rules(spec, hears.handler, None).away_s
            assert breaker_rules(spec, hears.handler, None).failures


def test_the_company_has_the_last_word_handler_by_handler(tmp_path: Path) -> None:
    said(tmp_path, "[retry]\nimmediate = 7\n[retry.on_moved]\nimmediate = 9\ndelays_s = []\n[breaker.on_moved]\nfailures = 2")
    said(tmp_path, "[retry]\njitter = 0\nimmediate = 5", name="bus")
    received, moved = retry_rules(SPEC, "on_received", tmp_path), retry_rules(SPEC, "on_moved", tmp_path)
    assert (received.immediate, received.delays_s, received.jitter) == (7, (3,), 0.0)
    assert (moved.immediate, moved.delays_s, moved.jitter) == (9, (), 0.0)
    assert (breaker_rules(SPEC, "on_moved", tmp_path).failures, breaker_rules(SPEC, "on_received", tmp_path).failures) == (2, 5)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        pytest.param("[retry]\ndelays_s = [0.5]", "[retry] delays_s: expected", id="broken seconds"),
        pytest.param("[retry]\ndelays_s = 5", "[retry] delays_s: expected", id="no list"),
        pytest.param("[retry]\naway_s = []", "[retry] away_s: expected", id="nothing left to wait"),
        pytest.param(f"[retry.on_moved]\norder_s = [{LONGEST_S + 1}]", "[retry.on_moved] order_s: expected", id="too long"),
        pytest.param("[retry]\nimmediate = 0", "[retry] immediate: expected", id="never"),
        pytest.param("[retry]\njitter = true", "[retry] jitter: expected", id="no share"),
        pytest.param("[retry]\ntries = 3", "[retry] tries: unknown; there is immediate", id="unknown rule"),
        pytest.param("[retry.on_lost]\nimmediate = 3", "on_moved", id="unknown handler"),
        pytest.param("[retry]\non_moved = 3", "[retry.on_moved] is not a table", id="no table"),
        pytest.param("retry = 3", "[retry] is not a table", id="no table at all"),
        pytest.param("[breaker]\nprobe_s = []", "[breaker] probe_s: expected", id="no probes"),
        pytest.param("[retry", "Expected", id="not TOML"),
    ],
)
def test_a_wrong_rule_is_named_with_its_file_table_and_field(tmp_path: Path, text: str, where: str) -> None:
    said(tmp_path, text)
    with pytest.raises(PolicyError) as refused:
        retry_rules(SPEC, "on_moved", tmp_path)
        breaker_rules(SPEC, "on_moved", tmp_path)
    assert str(tmp_path / "parcels.toml") in str(refused.value)
    assert where in str(refused.value)


@given(st.integers(1, 600), st.floats(0, 1), st.integers())
def test_jitter_only_ever_adds_and_never_more_than_its_share(delay_s: int, jitter: float, seed: int) -> None:
    rules = RetryRules(immediate=1, conflicts=1, delays_s=(), order_s=(), away_s=(1,), jitter=jitter)
    waited = rules.jittered(delay_s, random.Random(seed))
    assert delay_s <= waited <= delay_s * (1 + jitter) + 1


def test_short_waits_are_spread_too() -> None:
    rules = RetryRules(immediate=1, conflicts=1, delays_s=(), order_s=(), away_s=(1,), jitter=0.5)
    chance = random.Random(1)
    waits = [rules.jittered(1, chance) for _ in range(1_000)]
    assert set(waits) == {1, 2}
    assert 1.2 < sum(waits) / len(waits) < 1.3
