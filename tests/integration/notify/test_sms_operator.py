"""The SMS channel against the running operator: accepted, refused, slow, silent, gone (handbook §9)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from services.notify.channels import dysms
from services.notify.channels.sms import Sms
from steward.channels import Contact, Fate, Parcel, Result
from steward.ids import new_id
from steward.testing.waiting import eventually
from steward.times import now
from tests.integration.notify.operators import KEY, SECRET, FarSide, running_operator

RULES = tomllib.loads(files("services.notify").joinpath("policy.toml").read_text(encoding="utf-8"))["channel"]["sms"]
PHONE = "13800138000"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarSide]:
    with running_operator(tmp_path_factory.mktemp("operator") / "sms.jsonl") as far_side:
        yield far_side


@pytest.fixture
def far_side(running: FarSide) -> FarSide:
    running.behave()
    return running


@pytest.fixture
def sms(far_side: FarSide) -> Iterator[Sms]:
    channel = Sms(far_side.url, KEY, SECRET)
    yield channel
    channel.close()


def parcel(phone: str = PHONE, **rules: object) -> Parcel:
    return Parcel(
        key=new_id(),
        project="yh",
        template="acknowledged",
        language="zh-CN",
        text="您的居家维修事项（YH-2611-00042）我们已收到，正在安排处理。",
        contact=Contact(phone=phone),
        now=now(),
        first_at=now(),
        words={"number": "YH-2611-00042", "kind": "居家维修"},
        rules={**RULES, **rules},
    )


def test_an_accepted_message_has_the_operators_number_and_its_words(far_side: FarSide, sms: Sms) -> None:
    sent = parcel()
    outcome = sms.send(sent)
    assert outcome.result is Result.ACCEPTED
    (message,) = far_side.received(sent.key)
    assert outcome.operator_id == message["biz_id"]
    assert (message["phone"], message["code"]) == (PHONE, "SMS_100001")
    assert message["words"] == {"number": "YH-2611-00042", "kind": "居家维修"}


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("isv.MOBILE_NUMBER_ILLEGAL", Result.REFUSED),
        ("isv.BLACK_KEY_CONTROL_LIMIT", Result.REFUSED),
        ("isv.BUSINESS_LIMIT_CONTROL", Result.LATER),
        ("isv.AMOUNT_NOT_ENOUGH", Result.LATER),
        ("Throttling.User", Result.LATER),
        ("isp.SYSTEM_ERROR", Result.UNCLEAR),
    ],
)
def test_each_code_means_what_policy_says(far_side: FarSide, sms: Sms, code: str, result: Result) -> None:
    far_side.behave(fail=code)
    sent = parcel()
    outcome = sms.send(sent)
    assert (outcome.result, outcome.code) == (result, code)
    assert far_side.received(sent.key) == []


def test_a_phone_that_is_none_is_refused_without_asking_the_operator(far_side: FarSide, sms: Sms) -> None:
    assert sms.send(parcel(phone="no phone")).code == "bad_phone"


def test_a_slow_operator_leaves_it_unclear_and_a_look_up_finds_it(far_side: FarSide, sms: Sms) -> None:
    far_side.behave(delay_s=1.0)
    sent = parcel(timeout_s=0.3)
    assert sms.send(sent).result is Result.UNCLEAR
    far_side.behave(delay_s=0)
    eventually(lambda: far_side.received(sent.key), "the slow one arrives")
    assert sms.look_up(sent).fate is Fate.ACCEPTED


def test_a_lost_answer_leaves_it_unclear_and_a_look_up_finds_it(far_side: FarSide, sms: Sms) -> None:
    far_side.behave(lose=1)
    sent = parcel()
    assert sms.send(sent).result is Result.UNCLEAR
    assert sms.look_up(sent).fate is Fate.ACCEPTED


def test_a_request_cut_off_unread_is_unclear_and_a_look_up_does_not_find_it(far_side: FarSide, sms: Sms) -> None:
    far_side.behave(cut=1)
    sent = parcel()
    assert sms.send(sent).result is Result.UNCLEAR
    assert sms.look_up(sent).fate is Fate.ABSENT


def test_an_operator_that_is_gone_surely_did_not_take_it() -> None:
    channel = Sms("http://127.0.0.1:9", KEY, SECRET)
    assert channel.send(parcel()).result is Result.LATER
    assert channel.look_up(parcel()).fate is Fate.UNKNOWN
    channel.close()


def test_an_operator_that_cannot_be_asked_leaves_it_unknown(far_side: FarSide, sms: Sms) -> None:
    far_side.behave(blind=True)
    assert sms.look_up(parcel()).fate is Fate.UNKNOWN


def test_a_wrong_secret_is_refused_and_may_be_mended(far_side: FarSide) -> None:
    channel = Sms(far_side.url, KEY, "wrong")
    outcome = channel.send(parcel())
    assert (outcome.result, outcome.code) == (Result.LATER, "SignatureDoesNotMatch")
    channel.close()


def test_a_look_up_goes_through_all_pages_and_back_to_the_first_day(far_side: FarSide, sms: Sms) -> None:
    first = parcel()
    sms.send(first)
    for _ in range(60):
        sms.send(parcel())
    assert sms.look_up(replace(first, first_at=first.now - timedelta(days=1))).fate is Fate.ACCEPTED


def test_receipts_tell_of_delivery_and_of_failure(far_side: FarSide, sms: Sms) -> None:
    far_side.behave(deliver_after_s=0, undelivered={"13900139000": "MOBILE_NOT_ON_SERVICE"})
    fine, failed = parcel(), parcel(phone="13900139000")
    sms.send(fine)
    sms.send(failed)
    assert sms.look_up(fine).fate is Fate.DELIVERED
    finding = sms.look_up(failed)
    assert (finding.fate, finding.code) == (Fate.UNDELIVERED, "MOBILE_NOT_ON_SERVICE")


@pytest.mark.parametrize(("dedup", "times"), [(False, 2), (True, 1)])
def test_only_an_operator_that_dedups_ignores_a_second_sending(far_side: FarSide, sms: Sms, dedup: bool, times: int) -> None:
    far_side.behave(dedup=dedup)
    sent = parcel()
    numbers = {sms.send(sent).operator_id for _ in range(2)}
    assert len(far_side.received(sent.key)) == len(numbers) == times


def test_a_request_that_is_replayed_is_refused(far_side: FarSide, sms: Sms) -> None:
    own = dysms.send_sms(PHONE, "sign", "SMS_1", {}, "out")
    request = dysms.request("SendSms", own, key=KEY, secret=SECRET, region="cn-hangzhou", nonce="once", now=now())
    codes = [httpx.post(far_side.url, data=request, trust_env=False).json()["Code"] for _ in range(2)]
    assert codes == ["OK", "SignatureNonceUsed"]


def test_a_restarted_operator_remembers_what_it_accepted(tmp_path: Path) -> None:
    log, sent = tmp_path / "sms.jsonl", parcel()
    for turn in range(2):
        with running_operator(log) as far_side:
            channel = Sms(far_side.url, KEY, SECRET)
            if turn == 0:
                channel.send(sent)
            far_side.behave()
            assert channel.look_up(sent).fate is Fate.ACCEPTED
            channel.close()


def test_the_page_masks_phones(far_side: FarSide, sms: Sms) -> None:
    sms.send(parcel())
    page = httpx.get(f"{far_side.url}/", trust_env=False).text
    assert "138****8000" in page
    assert PHONE not in page
