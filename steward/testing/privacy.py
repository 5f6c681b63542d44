"""Looks for people: whatever a service seals because it is personal must stand in clear nowhere that is kept or shown.

The values are those that the stores themselves hold sealed, opened with the installation's key, so a service that seals
something new is looked after without anybody saying so here.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.request import urlopen

from bson import decode
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection

from steward.bus.standard import DEAD_LETTERS
from steward.local.part import Stage
from steward.local.ports import LOOPBACK
from steward.plugins import installed_services
from steward.store.client import Document, connect, database
from steward.store.journal import JOURNAL
from steward.store.resealing import places
from steward.testing.system import System
from steward.trust.sealing import Sealer

_SEALED = re.compile(rb"(?<![0-9A-Za-z])v(?:1|2\.[0-9a-f]{8})\.[A-Za-z0-9+/]{38,}={0,2}(?![0-9A-Za-z+/=])")
_ID = b"\x02_id\0"
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_HAN = re.compile(r"[\u3400-\u9fff·]{2,}")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:[0-9]{7,17}[0-9Xx]?|[A-Z2-7]{16,64})(?![0-9A-Za-z])")
"""Of phones and identities; and what authenticators share with us."""
_MEASURED = re.compile(r" [-+0-9.eE]+$", re.MULTILINE)
_PHRASE = re.compile(r"[!-~]+( [!-~]+)+")
_PHRASE_LEAST = 8
_CHINA = "86"
_CTL = Path("/usr/lib/rabbitmq/bin/rabbitmqctl")
_CTL_S, _PAGE_S = 60, 30
NAMED = (("identity", "users", "name"), ("dispatch", "crew", "name"))
"""What is personal of staff and not sealed: service, collection, field."""


def telling(value: str) -> list[str]:
    """The parts of ``value`` by which somebody would be known: names in Han, long numbers, secrets, several words.

    None that is too common.
    """
    numbers = _NUMBER.findall(value)
    national = [number.removeprefix(_CHINA) for number in numbers if number.startswith(_CHINA)]
    phrase = [value] if _PHRASE.fullmatch(value) and len(value) >= _PHRASE_LEAST and not numbers else []
    return [*_HAN.findall(value), *numbers, *national, *phrase]


class Finder:
    """Finds any of ``values`` in texts; each has a name that says what it is."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._known = {word: name for value, name in values.items() for word in telling(value)}
        self._lengths = sorted({len(word) for word in self._known if _HAN.fullmatch(word)})
        self._phrases = [word for word in self._known if _PHRASE.fullmatch(word)]

    def __len__(self) -> int:
        return len(self._known)

    def find(self, text: str) -> Iterator[tuple[str, str]]:
        """Each value in ``text``, and what it is."""
        plain = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text) if "\\u" in text else text
        words = {*_NUMBER.findall(plain), *self._within(plain), *(phrase for phrase in self._phrases if phrase in plain)}
        yield from ((word, self._known[word]) for word in words & self._known.keys())

    def _within(self, text: str) -> set[str]:
        """All parts of its runs of Han characters that are as long as a name."""
        runs = set(_HAN.findall(text))
        return {run[at : at + length] for run in runs for length in self._lengths for at in range(len(run) - length + 1)}


def personal(system: System) -> dict[str, str]:
    """Every value that a store holds sealed, in clear, and in which service and collection; and the names of staff."""
    found: dict[str, str] = {}
    sealer, client = Sealer(*system.settings.field_keys), connect(system.settings.mongo_uri)
    for service, spec in installed_services().items():
        for collection in spec.collections:
            for document in _raw(database(client, service)[collection.name], {}):
                found.update(dict.fromkeys(opened(sealer, document), f"{service}.{collection.name}"))
    for service, name, field in NAMED:
        found.update(dict.fromkeys(map(str, database(client, service)[name].distinct(field)), f"{service}.{name}"))
    client.close()
    return found


def undeclared(system: System) -> list[str]:
    """Where something is sealed that no ``seals`` of its collection leads to: a change of the key would pass it by."""
    found, client = set[str](), connect(system.settings.mongo_uri)
    for service, spec in installed_services().items():
        for collection in spec.collections:
            declared = [path.split(".") for path in collection.seals]
            for document in _raw(database(client, service)[collection.name], {}):
                if sealed := set(_SEALED.findall(document)):
                    told = {value for path in declared for _, value in places(decode(document), path)}
                    found |= {f"{service}.{collection.name}"} if {text.decode() for text in sealed} - told else set()
    client.close()
    return sorted(found)


def opened(sealer: Sealer, document: bytes) -> Iterator[str]:
    """Every text that is sealed somewhere in ``document``, as the store holds it."""
    for sealed in _SEALED.findall(document):
        try:
            yield sealer.open(sealed.decode())
        except ValueError:  # looks like it, or was sealed with another key
            continue


def _raw(collection: Collection[Document], query: Document) -> Iterator[bytes]:
    """Documents as bytes, in which texts stand as they are: there may be tens of thousands."""
    raw = collection.with_options(codec_options=CodecOptions(document_class=RawBSONDocument))
    yield from (bytes(document.raw) for document in raw.find(query))


def shown(system: System) -> Iterator[tuple[str, str]]:
    """Everything that must not tell of anybody, piece by piece, each with where it stands."""
    yield from logs(system)
    yield from metrics(system)
    yield "definitions of the broker", definitions(system)
    yield from records(system)


def logs(system: System) -> Iterator[tuple[str, str]]:
    """What all processes have written, the supervisor too, line by line."""
    for path in sorted(system.place.logs.iterdir()):
        yield from ((f"log {path.name}", line) for line in path.read_text(errors="replace").splitlines())


def metrics(system: System) -> Iterator[tuple[str, str]]:
    """What each process shows of itself, without what is measured: some digits of a fraction may be anybody's number."""
    for row in system.roster().rows:
        if row.stage >= Stage.SERVICES:
            with urlopen(f"http://{LOOPBACK}:{row.port}/metrics", timeout=_PAGE_S) as page:  # the address is our own
                yield f"metrics of {row.label}", _MEASURED.sub("", page.read().decode())


def records(system: System, project: str = "") -> Iterator[tuple[str, str]]:
    """Journals, with their events and answers, and dead letters, of one project or of all."""
    client = connect(system.settings.mongo_uri)
    for service in installed_services():
        for name in (JOURNAL.name, DEAD_LETTERS.name):
            for document in _raw(database(client, service)[name], {"project": project} if project else {}):
                yield f"{service}.{name} {_id_of(document)}", document.decode(errors="replace")
    client.close()


def _id_of(document: bytes) -> str:
    """The id that a document has, being a text."""
    begins = document.index(_ID) + len(_ID) + 4
    return document[begins : document.index(0, begins)].decode()


def definitions(system: System) -> str:
    """Users, exchanges, queues and bindings of the broker."""
    (pid,) = system.pids("broker")
    given = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    environ = dict(pair.split("=", 1) for pair in given if "=" in pair)
    done = subprocess.run([str(_CTL), "export_definitions", "-"], env=environ, capture_output=True, text=True, timeout=_CTL_S, check=True)
    return done.stdout


def found(values: Mapping[str, str], texts: Iterable[tuple[str, str]]) -> list[str]:
    """Where any of ``values`` stands in ``texts``: what it is and where, never the value itself."""
    finder = Finder(values)
    return sorted({f"{name}: in {where}" for where, text in texts for _, name in finder.find(text)})
