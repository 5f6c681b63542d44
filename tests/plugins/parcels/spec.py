"""What the service is."""

from steward.spec import Call, Collection, Event, Hears, Permission, Retry, Route, ServiceSpec

SPEC = ServiceSpec(
    name="parcels",
    title={"en": "Parcels", "zh-CN": "包裹"},
    service="parcels.service:Parcels",
    publishes=(
        Event("received", "parcels.schemas:Received", "A parcel arrived"),
        Event("shelved", "parcels.schemas:Shelved", "A parcel has its place"),
        Event("moved", "parcels.schemas:Shelved", "A parcel has another place"),
        Event("weighed", "parcels.schemas:Shelved", "A parcel is on the scales"),
        Event("carried", "parcels.schemas:Shelved", "A parcel was carried a bit further"),
    ),
    hears=(
        Hears("on_received", ("parcels.received",), retry=Retry(delays_s=(1, 1), order_s=(1, 1, 1), away_s=(1,))),
        Hears("on_moved", ("parcels.moved",), any_order=True),
        Hears("on_weighed", ("parcels.weighed",)),
        Hears("on_carried", ("parcels.carried",)),
    ),
    calls=(
        Call("receive", "parcels.work", "Register a parcel", body="parcels.schemas:Receive"),
        Call("move", "parcels.work", "Put a parcel elsewhere", body="parcels.schemas:Receive"),
        Call("carry", "parcels.work", "Carry a parcel many bits further", deadline_s=60),
        Call("trail", "parcels.work", "What was heard of a parcel's way, in order"),
        Call("show", "parcels.work", "One parcel"),
        Call("spoil", "parcels.work", "An answer that went wrong"),
        Call("nap", "parcels.work", "An answer that takes its time", deadline_s=60),
        Call("nap_elsewhere", "parcels.work", "Asks for a nap, and notes how that ended", deadline_s=60),
        Call("naps", "parcels.work", "How naps ended"),
    ),
    routes=(
        Route("POST", "/projects/{project}/parcels", "receive", status=201),
        Route("GET", "/projects/{project}/parcels/{parcel}", "show"),
    ),
    permissions=(Permission("parcels.work", ("desk",)),),
    collections=(Collection("parcels"), Collection("labels"), Collection("trails")),
)
