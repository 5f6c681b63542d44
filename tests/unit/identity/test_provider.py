"""The OpenID provider as it is believed, and as it is not; spoken to over HTTP, as the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.identity.provider import Provider
from services.identity.spec import SPEC
from steward.errors import NotAuthenticated, Unavailable
from steward.policy import shipped
from steward.testing import oidc_provider

Json = dict[str, Any]
RULES = shipped(SPEC)["oidc"]
NONCE, VERIFIER, SECRET, BACK = "n-1", "v" * 43, "s3cret", "https://desk.example/"


@pytest.fixture
def far_side() -> Iterator[oidc_provider.Provider]:
    with oidc_provider.Provider("steward", SECRET, BACK, {"u1": {"preferred_username": " Li "}}, visitor="u1") as running:
        yield running


@pytest.fixture
def provider(far_side: oidc_provider.Provider) -> Provider:
    return Provider(far_side.issuer, "steward", SECRET, BACK, RULES)


def code_of(far_side: oidc_provider.Provider, provider: Provider) -> str:
    return far_side.visit(provider.address("state", NONCE, VERIFIER))[0]


def test_who_comes_back_is_known_by_the_providers_name_and_by_ours(far_side: oidc_provider.Provider, provider: Provider) -> None:
    far_side.people["u1"]["amr"] = ["pwd", "otp"]
    account = provider.account(code_of(far_side, provider), VERIFIER, NONCE)
    assert account.subject == f"{far_side.issuer}\x00u1"
    assert (account.username, account.methods) == ("li", {"pwd", "otp"})


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "n-2"},
        {"aud": "somebody-else"},
        {"aud": ["steward", "somebody-else"]},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"iat": 99_999_999_999},
        {"sub": None},
        {"unsigned": True},
    ],
    ids=str,
)
def test_a_token_of_something_else_is_not_believed(far_side: oidc_provider.Provider, provider: Provider, lie: Json) -> None:
    far_side.forge = lambda claims: {name: value for name, value in (claims | lie).items() if value is not None}
    code = code_of(far_side, provider)
    with pytest.raises(NotAuthenticated):
        provider.account(code, VERIFIER, NONCE)


def test_a_code_is_good_once_and_for_whoever_began(far_side: oidc_provider.Provider, provider: Provider) -> None:
    code = code_of(far_side, provider)
    provider.account(code, VERIFIER, NONCE)
    for given, verifier in ((code, VERIFIER), (code_of(far_side, provider), "w" * 43), ("made-up", VERIFIER)):
        with pytest.raises(NotAuthenticated):
            provider.account(given, verifier, NONCE)


def test_a_new_key_is_asked_for_once_and_one_that_is_not_published_is_not_believed(
    far_side: oidc_provider.Provider, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.identity.provider._ASKED_AGAIN_S", 0)
    provider.account(code_of(far_side, provider), VERIFIER, NONCE)
    far_side.turn()
    assert provider.account(code_of(far_side, provider), VERIFIER, NONCE).username == "li"
    far_side.turn(published=False)
    with pytest.raises(NotAuthenticated, match="does not publish"):
        provider.account(code_of(far_side, provider), VERIFIER, NONCE)


def break_(far_side: oidc_provider.Provider, provider: Provider) -> None:
    far_side.broken = True


def other_name(far_side: oidc_provider.Provider, provider: Provider) -> None:
    provider.issuer += "/tenant"


def wrong_secret(far_side: oidc_provider.Provider, provider: Provider) -> None:
    provider.secret = "another"


@pytest.mark.parametrize("fault", [break_, other_name, wrong_secret])
def test_a_provider_that_does_not_work_is_away(
    far_side: oidc_provider.Provider, provider: Provider, fault: Callable[[oidc_provider.Provider, Provider], None]
) -> None:
    code = code_of(far_side, provider)
    provider._known_at = float("-inf")
    fault(far_side, provider)
    with pytest.raises(Unavailable):
        provider.account(code, VERIFIER, NONCE)


def test_what_it_publishes_is_not_asked_for_each_time(far_side: oidc_provider.Provider, provider: Provider) -> None:
    provider.account(code_of(far_side, provider), VERIFIER, NONCE)
    before = far_side.asked
    provider.account(code_of(far_side, provider), VERIFIER, NONCE)
    assert far_side.asked == before + 2  # the visit, and the code
