"""The operator's signature, computed twice by different hands."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.notify.channels import dysms
from services.notify.channels.sms import operator_number
from steward.testing import dysms_signature

_TEXTS = st.text(max_size=20)


def test_the_signature_is_the_one_of_the_operators_published_example() -> None:
    published = {
        "AccessKeyId": "testId",
        "Action": "SendSms",
        "Format": "XML",
        "OutId": "123",
        "PhoneNumbers": "15300000001",
        "RegionId": "cn-hangzhou",
        "SignName": "阿里云短信测试专用",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
        "SignatureVersion": "1.0",
        "TemplateCode": "SMS_71390007",
        "TemplateParam": '{"customer":"test"}',
        "Timestamp": "2017-07-12T02:42:19Z",
        "Version": "2017-05-25",
    }
    assert dysms.signature("GET", published, "testSecret") == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


@given(st.dictionaries(_TEXTS, _TEXTS, max_size=8), _TEXTS)
def test_our_signature_is_what_the_far_side_expects(parameters: dict[str, str], secret: str) -> None:
    assert dysms.signature("POST", parameters, secret) == dysms_signature.signature("POST", parameters, secret)


def test_a_look_up_asks_for_the_day_in_china() -> None:
    evening = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert dysms.query_send_details("13800138000", evening, 1)["SendDate"] == "20261123"


def test_phones_are_written_as_the_operator_wants_them() -> None:
    assert operator_number("138 0013 8000") == "13800138000"
    assert operator_number("+86 13800138000") == "13800138000"
    assert operator_number("+1 202 555 0123") == "0012025550123"
    assert operator_number("call me") is None
