"""What the service is."""

from steward.spec import Collection, Hears, ServiceSpec, Sweep

SPEC = ServiceSpec(
    name="sink",
    title={"en": "Sink", "zh-CN": "去处"},
    service="bench_sink.service:Sink",
    hears=(Hears("on_told", ("source.told",)),),
    collections=(Collection("heard"), Collection("seen")),
    sweeps=(Sweep("write_down", every_s=0.5),),
)
