"""What the service is."""

from bench_source import tracing
from steward.spec import Call, Collection, Event, Permission, Route, ServiceSpec

SPEC = ServiceSpec(
    name="source",
    title={"en": "Source", "zh-CN": "来源"},
    service="bench_source.service:Source",
    publishes=(Event("told", "bench_source.schemas:Told", "Something was told"),),
    calls=(
        Call("tell", "source.work", "Tell something", body="bench_source.schemas:Tell", answer="bench_source.schemas:View"),
        Call("get", "source.work", "One tale", answer="bench_source.schemas:View"),
    ),
    routes=(
        Route("POST", "/projects/{project}/tales", "tell", status=201),
        Route("GET", "/projects/{project}/tales/{tale}", "get"),
    ),
    permissions=(Permission("source.work", ("desk",)), Permission("source.read", ("desk",))),
    collections=(Collection("tales"),),
)
tracing.install()
