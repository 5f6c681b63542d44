"""What is wrong with this installation, and what mends it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from steward import settings
from steward.errors import StewardError
from steward.local import broker, policies, roster, rotation, secrets, store
from steward.local.attach import environment
from steward.local.place import Place, read_env
from steward.local.plan import service_names
from steward.local.ports import is_free

PYTHON = (3, 11)
DISK_BYTES = 2**30
FONT = "Noto Sans CJK SC"


class Finding(NamedTuple):
    """One check. ``mend`` is what to do, "" when all is well."""

    name: str
    good: bool
    said: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined."""

    place: Place
    environ: Mapping[str, str]
    roster: roster.Roster


Check = Callable[[Patient], Iterator[Finding]]


def examine(place: Place, environ: Mapping[str, str]) -> list[Finding]:
    """Every check's findings, in order. Changes nothing."""
    patient = Patient(place, environment(place, environ), roster.read(place))
    return [finding for check in CHECKS for finding in check(patient)]


def _python(patient: Patient) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= PYTHON, version, "install Python 3.11 or newer")


def _rabbitmq(patient: Patient) -> Iterator[Finding]:
    if _private(patient, "STEWARD_AMQP_URI"):
        yield Finding("RabbitMQ", broker.installed(), str(broker.SERVER), "apt-get install rabbitmq-server, or set STEWARD_AMQP_URI")


def _secantus(patient: Patient) -> Iterator[Finding]:
    if _private(patient, "STEWARD_MONGO_URI"):
        yield Finding("embedded store", store.SERVER.exists(), str(store.SERVER), "make .venv, or set STEWARD_MONGO_URI")


def _fonts(patient: Patient) -> Iterator[Finding]:
    listed = ""
    if shutil.which("fc-list"):
        listed = subprocess.run(["fc-list", FONT, "family"], capture_output=True, text=True, check=False).stdout
    yield Finding("Chinese font", bool(listed), FONT, "apt-get install fonts-noto-cjk fontconfig (letters need it)")


def _services(patient: Patient) -> Iterator[Finding]:
    names = service_names()
    yield Finding("services", bool(names), ", ".join(names) or "none", "make .venv (installs this package and its entry points)")


def _folder(patient: Patient) -> Iterator[Finding]:
    nearest = next(path for path in (patient.place.data, *patient.place.data.parents) if path.exists())
    yield Finding("data folder", os.access(nearest, os.W_OK), str(patient.place.data), f"make {nearest} writable, or set STEWARD_DATA")
    free = shutil.disk_usage(nearest).free
    yield Finding("disk space", free >= DISK_BYTES, f"{free / 2**30:.1f} GiB free", "free 1 GiB, or set STEWARD_DATA to another disk")


def _secrets(patient: Patient) -> Iterator[Finding]:
    path = patient.place.secrets
    if path.exists():
        yield Finding("secrets", not secrets.too_open(path), str(path), f"chmod 600 {path}")


def _settings(patient: Patient) -> Iterator[Finding]:
    if not patient.place.secrets.exists():
        yield Finding("settings", True, "secrets are made at the first start")
        return
    try:
        settings.Settings.from_env(patient.environ)
    except settings.SettingsError as problem:
        yield Finding("settings", False, str(problem), "correct the variable, see `steward settings`")
    else:
        yield Finding("settings", True, "complete")


def _policies(patient: Patient) -> Iterator[Finding]:
    """Every service's policy, as it is checked when the service starts."""
    try:
        folder = settings.read("policy", patient.environ)
    except settings.SettingsError as problem:
        yield Finding("policy", False, str(problem), "set STEWARD_POLICY to a folder, or to nothing")
        return
    with settings.adopted(patient.environ):
        for service, said, mend in policies.judge(folder):
            yield Finding(f"policy {service}", not mend, said, mend)


def _address(patient: Patient) -> Iterator[Finding]:
    if patient.roster.runs():
        return
    try:
        http: str = settings.read("http", patient.environ)
    except settings.SettingsError as problem:
        yield Finding("address", False, str(problem), "set STEWARD_HTTP to host:port")
        return
    host, _, port = http.rpartition(":")
    yield Finding("address", is_free(int(port), host), http, "stop the program that uses it, or set STEWARD_HTTP")


def _running(patient: Patient) -> Iterator[Finding]:
    if not patient.roster.runs():
        left = patient.roster.living()
        yield Finding("running", not left, f"{len(left)} processes left behind" if left else "no (start it: steward up)", "steward stop")
        return
    logs = patient.place.logs
    for row in patient.roster.rows:
        alive = row.process is not None and row.process.lives()
        said = f"{row.state}, {row.restarts} restarts"
        yield Finding(row.label, alive and row.state == "ready", said, f"see {logs / row.label}.log")


def _backends(patient: Patient) -> Iterator[Finding]:
    """Those that run, and those elsewhere that were given."""
    given = {"STEWARD_AMQP_URI": ("broker", broker.probe), "STEWARD_MONGO_URI": ("store", store.probe)}
    for variable, (name, probe) in given.items():
        uri = patient.environ.get(variable, "")
        if uri and (patient.roster.runs() or not _private(patient, variable)):
            good = probe(uri).ready
            yield Finding(f"{name} answers", good, "yes" if good else "no", f"see steward status, or check {variable}")


def _keys(patient: Patient) -> Iterator[Finding]:
    """Whether all that is sealed can be opened."""
    if not patient.roster.runs():
        return
    try:
        found = list(rotation.progress(settings.Settings.from_env(patient.environ)))
    except (settings.SettingsError, StewardError):
        return  # told above
    lost = [f"{each.service}: {each.said}" for each in found if each.unknown]
    yield Finding("field keys", not lost, "; ".join(lost) or "open all that is sealed", f"put the key into {rotation.OTHERS} and restart")


def _private(patient: Patient, variable: str) -> bool:
    uri = patient.environ.get(variable)
    return not uri or uri == read_env(patient.place.uris).get(variable)


CHECKS: tuple[Check, ...] = (
    _python, _rabbitmq, _secantus, _fonts, _services, _folder, _secrets, _settings, _policies, _address, _running, _backends, _keys,
)  # fmt: skip
