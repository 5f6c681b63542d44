"""SMS through Alibaba Cloud, or whatever speaks its interface (handbook §9)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import phonenumbers

from services.notify.channels import dysms
from steward.channels import Channel, Fate, Finding, Hand, Needs, Outcome, Parcel, Result
from steward.settings import Settings

_FATES = {dysms.WAITING: Fate.ACCEPTED, dysms.UNDELIVERED: Fate.UNDELIVERED, dysms.DELIVERED: Fate.DELIVERED}
_CONNECTIONS = 32
_PAGES = 20
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Failures before a byte of the request was on its way."""


class Sms:
    """One signed HTTP request an attempt; ``OutId`` is the message's id."""

    name = "sms"
    needs = Needs.PHONE
    hand = Hand.OPERATOR

    def __init__(self, url: str, key: str, secret: str) -> None:
        self._url, self._key, self._secret = url, key, secret
        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
        self._http = httpx.Client(limits=limits, trust_env=False)

    def close(self) -> None:
        """Give its connections back."""
        self._http.close()

    def send(self, parcel: Parcel) -> Outcome:
        """Hand it to the operator; see ``[channel.sms]`` for which of its codes mean what."""
        phone = operator_number(parcel.contact.phone or "")
        code = parcel.rules["codes"].get(f"{parcel.template}.{parcel.language}")
        if phone is None or code is None:
            return Outcome(Result.REFUSED, "bad_phone" if phone is None else "no_template_code")
        own = dysms.send_sms(phone, parcel.rules["sign_name"], code, parcel.words, parcel.key)
        try:
            status, answer = self._post("SendSms", own, parcel)
        except _NEVER_LEFT as error:
            return Outcome(Result.LATER, type(error).__name__, away=True)
        except (httpx.HTTPError, ValueError) as error:
            return Outcome(Result.UNCLEAR, type(error).__name__, away=isinstance(error, httpx.HTTPError))
        return _outcome(status, answer, parcel)

    def look_up(self, parcel: Parcel) -> Finding:
        """Search the operator's list of what it sent to that phone, on the days it can have been."""
        phone = operator_number(parcel.contact.phone or "")
        if phone is None:
            return Finding(Fate.ABSENT)
        try:
            for detail in self._details(phone, parcel):
                if detail.get("OutId") == parcel.key:
                    fate = _FATES.get(detail.get("SendStatus", 0), Fate.ACCEPTED)
                    return Finding(fate, str(detail.get("ErrCode") or ""), detail.get("BizId"))
        except (httpx.HTTPError, ValueError) as error:
            code = str(error) if isinstance(error, _Refused) else type(error).__name__
            return Finding(Fate.UNKNOWN, code, away=isinstance(error, httpx.HTTPError))
        return Finding(Fate.ABSENT)

    def _details(self, phone: str, parcel: Parcel) -> Iterator[dict[str, Any]]:
        for day in _days(parcel.first_at, parcel.now):
            for page in range(1, _PAGES + 1):
                status, answer = self._post("QuerySendDetails", dysms.query_send_details(phone, day, page), parcel)
                if status != 200 or answer.get("Code") != "OK":
                    raise _Refused(answer.get("Code") or f"http_{status}")
                found = dysms.details(answer)
                yield from found
                if len(found) < dysms.PAGE_SIZE:
                    break
            else:
                raise _Refused("too_many")

    def _post(self, action: str, own: dict[str, str], parcel: Parcel) -> tuple[int, dict[str, Any]]:
        """The answer's status and JSON. Raises httpx.HTTPError, or ValueError when it is not a JSON object."""
        parameters = dysms.request(
            action,
            own,
            key=self._key,
            secret=self._secret,
            region=parcel.rules["region"],
            nonce=uuid4().hex,
            now=parcel.now,
        )
        answer = self._http.post(self._url, data=parameters, timeout=parcel.rules["timeout_s"])
        document = json.loads(answer.content)
        if not isinstance(document, dict):
            raise ValueError("not an object")
        return answer.status_code, document


class _Refused(ValueError):
    """The operator would not answer a look-up; the message is its code."""


def operator_number(phone: str) -> str | None:
    """``phone`` as the operator wants it (11 digits in China, ``00`` and country elsewhere); None if it is none."""
    try:
        number = phonenumbers.parse(phone, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    national = phonenumbers.national_significant_number(number)
    return national if number.country_code == 86 else f"00{number.country_code}{national}"


def _outcome(status: int, answer: dict[str, Any], parcel: Parcel) -> Outcome:
    code = str(answer.get("Code") or f"http_{status}")
    if code == "OK":
        return Outcome(Result.ACCEPTED, operator_id=str(answer.get("BizId") or "") or None)
    if code in parcel.rules["refused"]:
        return Outcome(Result.REFUSED, code)
    if code in parcel.rules["unclear"] or status >= 500:
        return Outcome(Result.UNCLEAR, code)
    return Outcome(Result.LATER, code)


def _days(first: datetime, now: datetime) -> Iterator[datetime]:
    """The present day and those before it, back to the first attempt."""
    day = now
    while day.astimezone(dysms.OPERATOR_ZONE).date() >= first.astimezone(dysms.OPERATOR_ZONE).date():
        yield day
        day -= timedelta(days=1)


def CHANNEL(settings: Settings) -> Channel:
    """The SMS channel. Raises SettingsError when the operator is not configured."""
    settings.require("sms_url", "sms_key", "sms_secret")
    return Sms(settings.sms_url, settings.sms_key, settings.sms_secret)
