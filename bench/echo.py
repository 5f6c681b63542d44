"""The first limit: a bare nameko service answering HTTP with a call to another, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from steward.local.ports import LOOPBACK, free_port
from steward.testing.waiting import eventually

SECONDS = 10
BACK = """
import eventlet; eventlet.monkey_patch()
import os
from nameko.containers import ServiceContainer
from nameko.rpc import rpc

class Echo:
    name = "bench_echo"

    @rpc
    def echo(self, text):
        return text

container = ServiceContainer(Echo, {"AMQP_URI": os.environ["STEWARD_AMQP_URI"]})
container.start(); container.wait()
"""
FRONT = """
import eventlet; eventlet.monkey_patch()
import os
from nameko.containers import ServiceContainer
from nameko.rpc import RpcProxy
from nameko.web.handlers import http

class Front:
    name = "bench_front"
    back = RpcProxy("bench_echo")

    @http("GET", "/echo")
    def get(self, request):
        return self.back.echo("a ticket")

container = ServiceContainer(
    Front, {"AMQP_URI": os.environ["STEWARD_AMQP_URI"], "WEB_SERVER_ADDRESS": os.environ["BENCH_HTTP"]}
)
container.start(); container.wait()
"""


class WrkMissing(RuntimeError):
    """The load generator is not installed: apt-get install wrk."""


def requests_per_second(environ: Mapping[str, str], callers: int) -> float:
    """How many echoes a second ``callers`` get. Raises WrkMissing."""
    if shutil.which("wrk") is None:
        raise WrkMissing("wrk is not installed: apt-get install wrk")
    with _running(environ) as url:
        load = ["wrk", "-t1", f"-c{callers}", f"-d{SECONDS}s", url]
        told = subprocess.run(load, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if found is None:
        raise RuntimeError(f"wrk did not say: {told}")
    return float(found.group(1))


@contextmanager
def _running(environ: Mapping[str, str]) -> Iterator[str]:
    address = f"{LOOPBACK}:{free_port()}"
    both = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", code], env={**os.environ, **environ, "BENCH_HTTP": address})
        for code in (BACK, FRONT)
    ]
    url = f"http://{address}/echo"
    try:
        eventually(lambda: _answers(url), "the echo answers")
        yield url
    finally:
        for process in both:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
