from __future__ import annotations

import socket
from pathlib import Path

import pytest

from steward.local import plan
from steward.local.errors import PlanError
from steward.local.part import Stage
from steward.local.place import Place, read_env
from steward.local.ports import KeptPorts, free_port

NAMES = ["clocks", "dispatch", "tickets"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], {"clocks": 1, "dispatch": 1, "tickets": 1, "gateway": 1}),
        (["tickets=3"], {"clocks": 1, "dispatch": 1, "tickets": 3, "gateway": 1}),
        (["gateway=3"], {"clocks": 1, "dispatch": 1, "tickets": 1, "gateway": 3}),
        (["all=2"], {"clocks": 2, "dispatch": 2, "tickets": 2, "gateway": 2}),
        (["tickets=1", "all=2"], {"clocks": 2, "dispatch": 2, "tickets": 1, "gateway": 2}),
        (["all=2", "clocks=4"], {"clocks": 4, "dispatch": 2, "tickets": 2, "gateway": 2}),
    ],
)
def test_replicas_are_read(texts: list[str], expected: dict[str, int]) -> None:
    assert plan.parse_replicas(texts, NAMES) == expected


@pytest.mark.parametrize("text", ["tickets", "tickets=", "tickets=0", "tickets=-1", "tickets=two", "tickets=65", "gateway=0", "parks=2"])
def test_replicas_that_cannot_be_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan.parse_replicas([text], NAMES)
    assert "--replicas" in str(caught.value)
    assert "\n" not in str(caught.value)


def elsewhere(**more: str) -> dict[str, str]:
    return {
        "STEWARD_AMQP_URI": "amqp://there//", "STEWARD_MONGO_URI": "mongodb://there/", "STEWARD_SMS_URL": "http://there",
        "STEWARD_HTTP": f"127.0.0.1:{free_port()}", **more,
    }  # fmt: skip


def test_what_runs_elsewhere_is_not_started_here(tmp_path: Path) -> None:
    planned = plan.make(Place(tmp_path), elsewhere(), {"tickets": 1})
    assert [part.label for part in planned.parts] == ["tickets-0", "gateway-0"]
    assert planned.environ["STEWARD_AMQP_URI"] == "amqp://there//"


def test_every_replica_has_a_port_and_an_index_of_its_own(tmp_path: Path) -> None:
    planned = plan.make(Place(tmp_path), elsewhere(), {"tickets": 3, "clocks": 2})
    services = [part for part in planned.parts if part.stage is Stage.SERVICES]
    assert len({part.port for part in planned.parts}) == len(planned.parts)
    assert [part.environ["STEWARD_REPLICA"] for part in services] == ["0", "1", "2", "0", "1"]
    assert all(part.environ["STEWARD_HEALTH"] == f"127.0.0.1:{part.port}" for part in services)


def test_several_gateways_answer_at_one_address(tmp_path: Path) -> None:
    planned = plan.make(Place(tmp_path), elsewhere(), {"tickets": 1, "gateway": 2})
    assert [(part.label, part.url) for part in planned.parts if part.stage is Stage.GATEWAY] == [
        ("gateway-0", planned.url),
        ("gateway-1", planned.url),
    ]


def test_a_full_local_plan_has_broker_store_and_operator_behind_secrets(tmp_path: Path) -> None:
    planned = plan.make(Place(tmp_path), {"STEWARD_HTTP": f"127.0.0.1:{free_port()}"}, {})
    assert [part.name for part in planned.parts] == ["broker-names", "broker", "store", "sms-operator", "gateway"]
    assert "retryWrites=false" in planned.environ["STEWARD_MONGO_URI"]
    assert "guest" not in planned.environ["STEWARD_AMQP_URI"]
    assert "--sync-on-commit" in next(part for part in planned.parts if part.name == "store").argv
    assert all(not path.stat().st_mode & 0o077 for path in (tmp_path / "run" / "uris.env", tmp_path / "broker" / "rabbitmq.conf"))


def test_ports_stay_the_same_at_the_next_start(tmp_path: Path) -> None:
    environ = {"STEWARD_HTTP": f"127.0.0.1:{free_port()}"}
    first, second = (plan.make(Place(tmp_path), environ, {"tickets": 2}) for _ in range(2))
    assert [part.port for part in first.parts] == [part.port for part in second.parts]
    assert read_env(tmp_path / "run" / "uris.env")["STEWARD_AMQP_URI"] == first.environ["STEWARD_AMQP_URI"]


def test_a_port_that_somebody_took_is_given_up(tmp_path: Path) -> None:
    port = KeptPorts(tmp_path / "ports.json").claim("store")
    with socket.create_server(("127.0.0.1", port)):
        assert KeptPorts(tmp_path / "ports.json").claim("store") != port


def test_an_address_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PlanError, match="is in use") as caught:
        plan.make(Place(tmp_path), elsewhere(STEWARD_HTTP=f"127.0.0.1:{other.getsockname()[1]}"), {})
    assert "\n" not in str(caught.value)
