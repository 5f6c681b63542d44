from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.operations import BadRoute, of_services
from gateway.own import OWN, aliases
from gateway.problems import WrongMethod
from gateway.routing import NAME_LENGTH, Router
from steward.errors import NotFound
from steward.spec import Call, Route
from tests.unit.gateway.example import PARCELS, SPECS


@pytest.fixture(scope="module")
def router() -> Router:
    return Router([*OWN, *of_services(SPECS)])


def test_a_declared_route_leads_to_its_call_with_the_names_of_its_path(router: Router) -> None:
    operation, names = router.match("POST", "/v1/projects/yh/parcels/7/hand-over")
    assert (operation.service, operation.call, names) == ("parcels", "hand_over", {"project": "yh", "parcel": "7"})


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/", "/v1/projects/yh/parcels/", "/v1//projects/yh/parcels", "/projects/yh/parcels", "/v1/projects//parcels",
     f"/v1/projects/{'x' * (NAME_LENGTH + 1)}/parcels", "/v1/projects/y\0h/parcels", "/healthz/", "/console/"],
)  # fmt: skip
def test_a_path_that_nobody_declared_is_not_found(router: Router, path: str) -> None:
    with pytest.raises(NotFound):
        router.match("GET", path)


def test_a_wrong_method_is_told_which_ones_there_are(router: Router) -> None:
    with pytest.raises(WrongMethod) as caught:
        router.match("DELETE", "/v1/projects/yh/parcels")
    assert caught.value.extra["allow"] == ["GET", "HEAD", "POST"]


def test_head_is_answered_wherever_get_is(router: Router) -> None:
    operation, _ = router.match("HEAD", "/v1/projects/yh/parcels")
    assert operation.call == "find"


def test_a_timeline_has_a_shorter_path_where_policy_says_so() -> None:
    path = "/projects/{project}/parcels/{parcel}/timeline"
    router = Router(aliases({path: "parcels", "/elsewhere/{id}": "absent"}, SPECS))
    operation, names = router.match("GET", "/v1/projects/yh/parcels/7/timeline")
    assert (operation.run, names) == ("timeline", {"project": "yh", "parcel": "7", "service": "parcels"})
    with pytest.raises(NotFound):
        router.match("GET", "/v1/elsewhere/7")


def test_a_route_to_no_call_stops_the_gateway_from_starting() -> None:
    broken = replace(PARCELS, routes=(Route("GET", "/parcels", "nothing"),))
    with pytest.raises(BadRoute, match="nothing"):
        of_services({"parcels": broken})


def test_a_route_whose_permission_nobody_declares_stops_it_too() -> None:
    broken = replace(PARCELS, calls=(Call("get", "parcels.raed"),), routes=(Route("GET", "/parcels", "get"),))
    with pytest.raises(BadRoute, match="raed"):
        of_services({"parcels": broken})


def test_a_route_that_counts_against_a_rate_of_which_no_policy_tells_stops_it_too() -> None:
    broken = replace(PARCELS, routes=(Route("GET", "/hours", "hours", rate="slow"),))
    with pytest.raises(BadRoute, match="slow"):
        of_services({"parcels": broken}, ["login"])


def test_two_services_cannot_claim_the_same_path() -> None:
    rival = replace(PARCELS, name="rival")
    with pytest.raises(BadRoute, match="both claim"):
        Router(of_services({"parcels": PARCELS, "rival": rival}))


def test_a_call_with_two_routes_has_two_operation_ids() -> None:
    twice = replace(PARCELS, routes=(*PARCELS.routes, Route("GET", "/hours", "hours")))
    ids = [operation.id for operation in of_services({"parcels": twice})]
    assert len(ids) == len(set(ids)) == len(PARCELS.routes) + 1
