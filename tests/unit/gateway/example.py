"""A service that is not shipped: the gateway must serve it from its spec alone."""

from __future__ import annotations

from io import BytesIO

from marshmallow import RAISE, Schema, fields, validate
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from gateway.house import Front
from gateway.limits import Limits
from steward.paging import PageQuery
from steward.spec import Call, Event, Hears, Permission, Route, ServiceSpec

HERE = "tests.unit.gateway.example"


class Parcel(Schema):
    class Meta:
        unknown = RAISE

    unit = fields.String(required=True, validate=validate.Length(1, 20))
    weight_g = fields.Integer(validate=validate.Range(min=1))
    marks = fields.List(fields.String(validate=validate.Length(max=10)))


class ParcelView(Schema):
    id = fields.String(required=True)
    version = fields.Integer(required=True)
    unit = fields.String(required=True)


class ParcelQuery(PageQuery):
    unit = fields.String()
    mark = fields.List(fields.String())


class Arrived(Schema):
    unit = fields.String(required=True)


PARCELS = ServiceSpec(
    name="parcels",
    title={"en": "Parcels", "zh-CN": "包裹"},
    service="nowhere:Parcels",
    publishes=(
        Event("arrived", f"{HERE}:Arrived", "A parcel came"),
        Event("opened", f"{HERE}:Arrived", "Somebody opened it", seen_with="parcels.secret"),
    ),
    hears=(Hears("on_parcel", ("parcels.arrived",)),),
    calls=(
        Call("log", "parcels.write", "Log a parcel", body=f"{HERE}:Parcel", answer=f"{HERE}:ParcelView"),
        Call("get", "parcels.read", "One parcel", answer=f"{HERE}:ParcelView"),
        Call("find", "parcels.read", "Parcels", query=f"{HERE}:ParcelQuery", answer=f"{HERE}:ParcelView"),
        Call("hand_over", "parcels.write", "Hand it over", answer=f"{HERE}:ParcelView"),
        Call("photo", "parcels.write", "Keep a photograph"),
        Call("label", "parcels.read", "Its label as PDF"),
        Call("ship", "parcels.write", "Send it on its way", answer=f"{HERE}:ParcelView"),
        Call("list", "parcels.read", "All parcels as a file", query=f"{HERE}:ParcelQuery"),
        Call("hours", "public", "When parcels are handed out"),
    ),
    routes=(
        Route("POST", "/projects/{project}/parcels", "log", status=201),
        Route("GET", "/projects/{project}/parcels", "find", paged=True),
        Route("GET", "/projects/{project}/parcels/{parcel}", "get"),
        Route("POST", "/projects/{project}/parcels/{parcel}/hand-over", "hand_over", changes=True),
        Route("POST", "/projects/{project}/parcels/{parcel}/photo", "photo", upload=True),
        Route("GET", "/projects/{project}/parcels/{parcel}/label", "label", media="application/pdf"),
        Route("POST", "/projects/{project}/parcels/{parcel}/ship", "ship", awaited="there_at"),
        Route("GET", "/projects/{project}/parcels.csv", "list", media="text/csv", pieces=True),
        Route("GET", "/parcel-hours", "hours"),
    ),
    permissions=(
        Permission("parcels.read", ("desk", "security")),
        Permission("parcels.write", ("desk",)),
        Permission("parcels.secret", ("manager",)),
    ),
)
SPECS = {"parcels": PARCELS}
KEY = "a key of thirty-two bytes at least"
LIMITS = Limits.read()


def front() -> Front:
    return Front.build(SPECS, LIMITS, KEY)


def request(method: str = "GET", path: str = "/", body: bytes | None = None, address: str = "", **headers: str) -> Request:
    """A request as it comes from the server; ``X_Y="z"`` is the header ``X-Y: z``."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    environ = EnvironBuilder(
        path, method=method, headers=given, input_stream=BytesIO(body or b""), content_length=len(body or b"")
    ).get_environ()
    environ["steward.request_id"] = "req-1"
    if address:
        environ["REMOTE_ADDR"] = address
    return Request(environ)
