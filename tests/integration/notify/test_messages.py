"""Messages from the event to the far side, through real broker, store and operator (handbook §9)."""

from __future__ import annotations

import base64
import io
import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from services.notify.store import UNITS, unit_key
from steward.bus.client import Client
from steward.bus.envelope import CONTENT_TYPE, Envelope
from steward.errors import BadInput, IllegalTransition, NotFound, Transient
from steward.ids import new_id
from steward.store.client import connect, database
from steward.testing.bus import teller
from steward.testing.faults import gone
from steward.testing.system import System, running_system
from steward.testing.waiting import eventually
from steward.times import iso, now
from tests.integration.notify.operators import FarSide

FAST = """
[quiet]
hours = []
[sending]
lease_s = 4.0
attempt_s = 3.0
[send_retry]
delays_s = [0.2]
attempts = 3
[away]
failures = 3
probe_s = [0.3]
[contact_retry]
delays_s = [0.2]
[doubt]
settle_s = 0.5
delays_s = [0.2]
look_ups = 3
[receipt]
delays_s = [0.2, 0.2, 0.2, 1, 1, 1, 5]
[channel.sms]
timeout_s = 1.0
[companies]
happy-homes = "幸福物业服务有限公司"
"""
PROJECT = "yh"
PHONE = "13800138000"

Raise = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """What messages need: residents, tickets, two replicas of notify, and policies that do not wait long."""
    policy = tmp_path_factory.mktemp("policy")
    (policy / "notify.toml").write_text(FAST, encoding="utf-8")
    folder, before = tmp_path_factory.mktemp("mail"), dict(os.environ)
    services, env = ("residents", "tickets", "notify"), {"STEWARD_POLICY": str(policy)}
    with running_system(folder, replicas={"notify": 2}, services=services, env=env) as running:
        os.environ.update(running.environ)
        yield running
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def desk(mail: System) -> Iterator[Client]:
    with Client() as client:
        yield client


@pytest.fixture
def far_side(mail: System) -> FarSide:
    far_side = FarSide(f"http://127.0.0.1:{mail.rows('sms-operator')[0].port}")
    far_side.behave()
    return far_side


@pytest.fixture(scope="module")
def unit(mail: System) -> str:
    with Client() as client:
        names = {"name": "阳光花园", "name_en": "Sunny Garden"}
        project = {"id": PROJECT, "code": "YH", "company": "happy-homes", "timezone": "Asia/Shanghai", **names}
        client.call("residents", "open_project", within_s=30, body=project)
        body = {"label": "3-1-501", "building": "3", "area_m2": 90.0, "use": "residential"}
        found: str = client.call("residents", "register_unit", within_s=30, project=PROJECT, body=body)["id"]
        return found


def _raised(desk: Client, key: str, body: dict[str, Any]) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = desk.call("tickets", "raise_ticket", key, within_s=30, project=PROJECT, body=body)
    except (BadInput, NotFound, Transient):  # it has not heard of the unit, or of the project, yet; or is busy starting
        return None
    return found


@pytest.fixture
def raised(desk: Client, unit: str) -> Raise:
    """Raises a ticket."""

    def raise_ticket(**changes: Any) -> dict[str, Any]:
        body = {"kind": "repair_home", "channel": "web", "what": "no light", "unit": unit, "caller_phone": PHONE, **changes}
        key = new_id()
        return eventually(lambda: _raised(desk, key, body), "the unit is known to tickets")

    return raise_ticket


@pytest.fixture(scope="module", autouse=True)
def everybody_knows_the_unit(mail: System, unit: str) -> None:
    """Wait until notify has heard of the unit."""
    client = connect(mail.settings.mongo_uri)
    units = database(client, "notify")[UNITS]
    eventually(lambda: units.find_one({"_id": unit_key(PROJECT, unit)}), "the unit is known")
    client.close()


def messages(desk: Client, ticket: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    query = {"matter": f"tickets/{ticket['id']}", **query}
    items: list[dict[str, Any]] = desk.call("notify", "messages", within_s=30, project=PROJECT, query=query)["items"]
    return items


def message(desk: Client, ticket: dict[str, Any], rule: str = "ticket-acknowledged", **state: Any) -> dict[str, Any]:
    """The message of ``rule``, as soon as it is as ``state`` says."""

    def look() -> list[dict[str, Any]]:
        found = [one for one in messages(desk, ticket) if one["rule"] == rule]
        return [one for one in found if all(one[name] == value for name, value in state.items())]

    return eventually(look, f"{rule} is {state}")[0]


def wishing(desk: Client, phone: str, **wishes: Any) -> None:
    """Somebody with this number is on file, and has said how to be told things."""
    person = desk.call("residents", "register_person", within_s=30, project=PROJECT, body={"name": f"住户{phone}", "phones": [phone]})
    desk.call("residents", "change_person", within_s=30, project=PROJECT, person=person["id"], body={"preferences": wishes})


def facts(desk: Client, ticket: dict[str, Any]) -> list[str]:
    matter = f"tickets/{ticket['id']}"
    return [event["type"] for event in desk.call("notify", "timeline", within_s=30, project=PROJECT, matter=matter)]


def test_a_raised_ticket_is_acknowledged_by_sms_and_its_text_is_kept(desk: Client, far_side: FarSide, raised: Raise) -> None:
    far_side.behave(deliver_after_s=0)
    ticket = raised()
    sent = message(desk, ticket, state="delivered")
    assert sent["text"] == f"您的居家维修事项（{ticket['number']}）我们已收到，正在安排处理。"
    assert sent["recipient"] == "138****8000"
    (arrived,) = far_side.received(sent["id"])
    assert (arrived["phone"], arrived["words"]["number"]) == (PHONE, ticket["number"])
    eventually(lambda: facts(desk, ticket) == ["notify.queued", "notify.sent", "notify.delivered"], "the timeline")


def test_an_english_caller_reads_english(desk: Client, far_side: FarSide, raised: Raise) -> None:
    sent = message(desk, raised(language="en"), state="sent")
    assert sent["text"].startswith("We have received your home repair")
    assert far_side.received(sent["id"])[0]["code"] == "SMS_100002"


def test_no_phone_becomes_a_letter_that_the_desk_prints_and_posts(desk: Client, far_side: FarSide, raised: Raise) -> None:
    ticket = raised(caller_phone=None, caller_name="欧阳玥")
    letter = message(desk, ticket, state="to_post")
    assert letter["channel"] == "letter"
    content = desk.call("notify", "letter", within_s=30, project=PROJECT, message=letter["id"])["content"]
    text = "".join(PdfReader(io.BytesIO(base64.b64decode(content))).pages[0].extract_text().split())
    for part in ("幸福物业服务有限公司", "阳光花园", "致3-1-501欧阳玥", ticket["number"], "您的居家维修事项我们已收到"):
        assert part in text
    again = desk.call("notify", "letter", within_s=30, project=PROJECT, message=letter["id"])["content"]
    assert again == content
    posted = desk.call("notify", "posted", within_s=30, project=PROJECT, message=letter["id"], body={})
    assert posted["state"] == "posted"
    with pytest.raises(IllegalTransition):
        desk.call("notify", "posted", within_s=30, project=PROJECT, message=letter["id"], body={})


def test_neither_phone_nor_unit_is_suppressed_with_the_reason(desk: Client, far_side: FarSide, raised: Raise) -> None:
    ticket = raised(kind="repair_public", unit=None, place="gate", caller_phone=None)
    assert message(desk, ticket, state="suppressed")["reason_code"] == "no_contact"


def test_a_complaint_is_also_answered_in_writing(desk: Client, far_side: FarSide, raised: Raise) -> None:
    ticket = raised(kind="complaint")
    assert message(desk, ticket, "complaint-acknowledged", state="to_post")["text"].startswith("关于您投诉事项的回执")
    assert message(desk, ticket, state="sent")["channel"] == "sms"


def test_who_likes_letters_better_gets_the_letter(desk: Client, far_side: FarSide, raised: Raise) -> None:
    wishing(desk, "13800138001", channels=["letter"])
    letter = message(desk, raised(caller_phone="138 0013 8001"), state="to_post")
    assert (letter["channels"], letter["earlier"]) == (["letter", "sms"], [])


def test_who_wants_the_essential_only_is_not_thanked_for_calling_and_it_is_said_why(desk: Client, far_side: FarSide, raised: Raise) -> None:
    wishing(desk, "13800138002", channels=[], non_essential=False)
    ticket = raised(caller_phone="13800138002", kind="complaint")
    assert message(desk, ticket, state="suppressed")["reason_code"] == "opted_out"
    assert message(desk, ticket, "complaint-acknowledged", state="to_post")["essential"]


def test_what_is_not_essential_waits_for_the_end_of_ones_own_quiet_hours(desk: Client, far_side: FarSide, raised: Raise) -> None:
    here = now().astimezone(ZoneInfo("Asia/Shanghai"))
    begun, over = ((here + timedelta(hours=hours)).strftime("%H:%M") for hours in (-1, 2))
    wishing(desk, "13800138003", channels=[], quiet_from=begun, quiet_to=over)
    held = message(desk, raised(caller_phone="13800138003"), reason_code="own_quiet_hours")
    assert (held["state"], held["not_before"] > iso(now())) == ("queued", True)


def test_a_refused_number_falls_back_to_the_letter(desk: Client, far_side: FarSide, raised: Raise) -> None:
    far_side.behave(fail="isv.BLACK_KEY_CONTROL_LIMIT")
    letter = message(desk, raised(), state="to_post")
    assert letter["earlier"][0]["reason_code"] == "isv.BLACK_KEY_CONTROL_LIMIT"
    assert far_side.received(letter["id"]) == []


def test_throttling_passes(desk: Client, far_side: FarSide, raised: Raise) -> None:
    far_side.behave(fail="isv.BUSINESS_LIMIT_CONTROL", fail_times=2)
    sent = message(desk, raised(), state="sent")
    assert sent["attempts"] == 3
    assert len(far_side.received(sent["id"])) == 1


def test_a_lost_answer_does_not_send_twice(desk: Client, far_side: FarSide, raised: Raise) -> None:
    far_side.behave(lose=1)
    sent = message(desk, raised(), state="sent")
    assert len(far_side.received(sent["id"])) == 1
    assert not sent["doubtful"]


def test_a_request_that_never_arrived_is_sent_again(desk: Client, far_side: FarSide, raised: Raise) -> None:
    far_side.behave(cut=1)
    sent = message(desk, raised(), state="sent")
    assert len(far_side.received(sent["id"])) == 1
    assert sent["attempts"] == 2


def test_what_nobody_can_tell_is_marked_doubtful(desk: Client, far_side: FarSide, raised: Raise) -> None:
    far_side.behave(lose=1, blind=True)
    ticket = raised()
    assert message(desk, ticket, state="doubtful")["doubtful"]
    assert "notify.doubtful" in facts(desk, ticket)


def test_a_failed_receipt_falls_back_to_the_letter(desk: Client, far_side: FarSide, raised: Raise) -> None:
    far_side.behave(deliver_after_s=0, undelivered={PHONE: "MOBILE_NOT_ON_SERVICE"})
    letter = message(desk, raised(), state="to_post")
    assert letter["earlier"][0]["text"]
    assert letter["earlier"][0]["reason_code"] == "MOBILE_NOT_ON_SERVICE"


def test_a_process_that_dies_while_sending_leaves_one_message(mail: System, desk: Client, far_side: FarSide, raised: Raise) -> None:
    far_side.behave(delay_s=2.0)
    ticket = raised()
    message(desk, ticket, state="sending")
    mail.kill("notify", signal.SIGKILL)
    far_side.behave()
    mail.wait_ready()
    sent = message(desk, ticket, state="sent")
    assert len(far_side.received(sent["id"])) == 1
    assert not sent["doubtful"]


def test_a_knower_that_is_away_only_delays(mail: System, desk: Client, far_side: FarSide, raised: Raise) -> None:
    far_side.behave(fail="isv.BUSINESS_LIMIT_CONTROL", fail_times=1)
    tickets = [raised() for _ in range(5)]
    mail.kill("tickets", signal.SIGKILL)
    assert all(message(desk, ticket, state="sent")["channel"] == "sms" for ticket in tickets)
    mail.wait_ready()


def test_an_operator_that_is_gone_uses_up_no_attempts(mail: System, desk: Client, far_side: FarSide, raised: Raise) -> None:
    with gone(mail, "sms-operator"):
        tickets = [raised() for _ in range(8)]
        eventually(lambda: "channel sms: the operator is away" in mail.log("notify", 0) + mail.log("notify", 1), "it is noticed")
        assert {message(desk, ticket)["channel"] for ticket in tickets} == {"sms"}
    mail.wait_ready()
    sent = [message(desk, ticket, state="sent") for ticket in tickets]
    assert [len(far_side.received(one["id"])) for one in sent] == [1] * len(tickets)
    assert [(one["attempts"], one["earlier"], one["doubtful"]) for one in sent] == [(1, [], False)] * len(tickets)


def test_many_tickets_are_each_told_once(desk: Client, far_side: FarSide, raised: Raise) -> None:
    tickets = [raised() for _ in range(30)]
    sent = [message(desk, ticket, state="sent") for ticket in tickets]
    assert [len(far_side.received(one["id"])) for one in sent] == [1] * len(tickets)
    assert all(len(messages(desk, ticket)) == 1 for ticket in tickets)


def breach(ticket: dict[str, Any]) -> Envelope:
    """A clock's limit is over, as the clocks service tells it."""
    clock = f"{ticket['id']}.desk-accept.1"
    return Envelope(
        id=new_id(),
        type="clocks.breached",
        subject=f"clocks/{ticket['id']}",
        time=now(),
        data={
            "clock": clock,
            "rule": "desk-accept",
            "subject": f"tickets/{ticket['id']}",
            "due_at": iso(now()),
            "limit_s": 300,
            "department": None,
            "about": {"number": ticket["number"], "kind": "repair_home", "urgency": "urgent", "department": "engineering"},
            "audience": ["desk", "supervisor"],
        },
        project=PROJECT,
        matter=f"tickets/{ticket['id']}",
        version=7,
        actor="service:clocks",
        correlation=new_id(),
    )


def test_a_breach_is_one_task_for_each_role_however_often_it_is_told(mail: System, desk: Client, far_side: FarSide, raised: Raise) -> None:
    ticket = raised()
    event = breach(ticket)
    with teller(mail.environ) as producer:
        for _ in range(5):
            producer.publish(event.encode(), exchange="", routing_key="notify.on_event", message_id=event.id, content_type=CONTENT_TYPE)
    for role in ("desk", "supervisor"):
        task = message(desk, ticket, "clock-breached", state="to_call", audience=f"role:{role}")
        assert task["text"].startswith(f"急居家维修 {ticket['number']} 已超过时限（前台受理），责任部门：工程维修。")
        body = {"reached": True, "remark_code": "told"}
        done = desk.call("notify", "done", within_s=30, project=PROJECT, message=task["id"], body=body)
        assert done["state"] == "delivered"
    assert len([one for one in messages(desk, ticket) if one["rule"] == "clock-breached"]) == 2


def test_messages_are_found_by_state_channel_and_audience(desk: Client, far_side: FarSide, raised: Raise) -> None:
    ticket = raised()
    message(desk, ticket, state="sent")
    assert messages(desk, ticket, state="sent", channel="sms", audience="caller", limit=1)
    assert messages(desk, ticket, state="failed") == []
    assert messages(desk, ticket, channel="phone") == []
