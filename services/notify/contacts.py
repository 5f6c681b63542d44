"""Who a message goes to, found out at the last moment from whoever owns that knowledge (handbook §9)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from services.notify.model import NO_WISHES, Message, Wishes, open_to_wishes
from services.notify.rules import CALLER
from services.notify.store import UNITS, unit_key
from steward.bus.calls import RemoteServices
from steward.channels import Contact, Needs
from steward.copies import Known
from steward.errors import NotFound, StewardError, Unavailable
from steward.store.reading import Reading
from steward.trust.sealing import Sealer, mask_phone


def resolve(message: Message, needs: Needs, policy: Mapping[str, Any], remote: RemoteServices, read: Reading) -> tuple[Contact, Wishes]:
    """The recipient of ``message``, as far as a channel that ``needs`` this must know them, and how they wish to be told things.

    Staff are nobody in particular. Raises Transient while the service that knows is away; call it outside a work.
    """
    if message.audience != CALLER:
        return Contact(), NO_WISHES
    service, _, number = message.matter.partition("/")
    source = policy["contact"].get(service)
    about = {"project": message.project}
    caller = _ask(remote, service, source["call"], {**about, source["argument"]: number}) if source else {}
    if needs is not Needs.UNIT or not message.unit:
        return _contact(caller, message.unit, None), _wishes(message, caller, remote)
    if not caller.get("name"):
        caller = _ask(remote, "residents", "unit_contact", {**about, "unit": message.unit}) or caller
    known = read.plain(UNITS, unit_key(message.project, message.unit)) or {}
    return _contact(caller, message.unit, known.get("label")), _wishes(message, caller, remote)


def is_of(message: Message, known: Known, sealer: Sealer) -> bool:
    """Whether ``message`` went, or is going, to whom ``known`` means."""
    contact = unseal(message.recipient, sealer)
    return known.has(contact.name, contact.phone) or message.hint in {mask_phone(phone) for phone in known.phones}


def told(message: Message, sealer: Sealer) -> dict[str, object]:
    """``message`` as its recipient may know it."""
    contact = unseal(message.recipient, sealer)
    who = {"姓名": contact.name, "电话": contact.phone or message.hint}
    return {"时间": message.created_at, "渠道": message.channel, "内容": message.text, **who, "状态": message.state}


def seal(contact: Contact, sealer: Sealer) -> str:
    """``contact`` as it is kept."""
    return sealer.seal(json.dumps(asdict(contact), ensure_ascii=False))


def unseal(sealed: str | None, sealer: Sealer) -> Contact:
    """What :func:`seal` kept; nobody, where nothing was."""
    return Contact(**json.loads(sealer.open(sealed))) if sealed else Contact()


def _contact(known: Mapping[str, Any], unit: str | None, label: str | None) -> Contact:
    return Contact(phone=known.get("phone"), name=known.get("name"), language=known.get("language"), unit=unit, unit_label=label)


def _wishes(message: Message, known: Mapping[str, Any], remote: RemoteServices) -> Wishes:
    """Those of whoever is ``known``, by their number where their file did not answer; nobody is asked where none would change anything.

    What is essential does not wait to hear of them.
    """
    if not open_to_wishes(message):
        return NO_WISHES
    said = known.get("preferences")
    if said is None and known.get("phone"):
        try:
            said = _ask(remote, "residents", "wishes", {"project": message.project, "phone": known["phone"]})
        except Unavailable:
            if not message.essential:
                raise
    return Wishes.of(said or {})


def _ask(remote: RemoteServices, service: str, call: str, about: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer; nothing where there is no such thing. Every other failure may pass: Unavailable."""
    try:
        answer: Mapping[str, Any] = getattr(getattr(remote, service), call)(**about)
    except NotFound:
        return {}
    except StewardError as error:
        raise Unavailable(f"{service}.{call}: {error.kind}") from error
    return answer
