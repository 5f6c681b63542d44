"""Alibaba Cloud's SMS interface (Dysms 2017-05-25, RPC style): parameters, signature, answers. Pure.

``SendSms`` takes our ``OutId`` and gives it back in ``QuerySendDetails``, which lists the messages of one phone on one
day (China time). It does *not* refuse an ``OutId`` that it has seen, so a message whose answer was lost is looked up
before it is sent again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

VERSION = "2017-05-25"
OPERATOR_ZONE = ZoneInfo("Asia/Shanghai")
PAGE_SIZE = 50
WAITING, UNDELIVERED, DELIVERED = 1, 2, 3
"""``SendStatus`` of a message in ``QuerySendDetails``."""


def escape(text: str) -> str:
    """RFC 3986 percent-encoding, as the signature wants it: only letters, digits and ``-_.~`` stay."""
    return quote(text, safe="~")


def signature(method: str, parameters: Mapping[str, str], secret: str) -> str:
    """HMAC-SHA1 over the sorted parameters (without ``Signature``), in base64."""
    pairs = sorted((name, value) for name, value in parameters.items() if name != "Signature")
    query = "&".join(f"{escape(name)}={escape(value)}" for name, value in pairs)
    signed = f"{method}&{escape('/')}&{escape(query)}"
    digest = hmac.new(f"{secret}&".encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def request(action: str, own: Mapping[str, str], *, key: str, secret: str, region: str, nonce: str, now: datetime) -> dict[str, str]:
    """All parameters of one signed POST. ``nonce`` must be new for every request."""
    parameters = {
        "AccessKeyId": key,
        "Action": action,
        "Format": "JSON",
        "RegionId": region,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": nonce,
        "SignatureVersion": "1.0",
        "Timestamp": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Version": VERSION,
        **own,
    }
    return parameters | {"Signature": signature("POST", parameters, secret)}


def send_sms(phone: str, sign_name: str, code: str, words: Mapping[str, str], out_id: str) -> dict[str, str]:
    """The own parameters of ``SendSms``."""
    return {
        "PhoneNumbers": phone,
        "SignName": sign_name,
        "TemplateCode": code,
        "TemplateParam": json.dumps(dict(words), ensure_ascii=False, sort_keys=True),
        "OutId": out_id,
    }


def query_send_details(phone: str, day: datetime, page: int) -> dict[str, str]:
    """The own parameters of ``QuerySendDetails``: page ``page`` (from 1) of what went to ``phone`` on that day."""
    return {
        "PhoneNumber": phone,
        "SendDate": day.astimezone(OPERATOR_ZONE).strftime("%Y%m%d"),
        "PageSize": str(PAGE_SIZE),
        "CurrentPage": str(page),
    }


def details(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages in an answer of ``QuerySendDetails``."""
    found = (answer.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or []
    return [detail for detail in found if isinstance(detail, dict)]
