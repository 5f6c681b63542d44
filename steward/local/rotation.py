"""Changing the installation's field key: how far it is, by what the stores hold, and the lines of the file of secrets."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from steward.local.errors import LocalError
from steward.local.place import read_env, write_env
from steward.local.secrets import REMARK
from steward.plugins import installed_services
from steward.settings import Settings
from steward.store.client import connect, database, our_words
from steward.store.journal import JOURNAL
from steward.store.keys import KEYS, LOOK_UP
from steward.store.resealing import Pass, passes, sealing
from steward.trust.sealing import KEY_BYTES, name_of

CURRENT, OTHERS = "STEWARD_FIELD_KEY", "STEWARD_FIELD_KEYS_OTHER"


class RotationRefused(LocalError):
    """The key cannot be changed, or a former one not be taken out, now. The message says why."""


@dataclass(frozen=True)
class Progress:
    """How far one service is. ``missing`` are collections that no pass under the current key has been over."""

    service: str
    prepared: bool
    """Whether it keeps the key of its fingerprints, so that another field key does not change them."""
    passes: tuple[Pass, ...]
    missing: tuple[str, ...]

    @property
    def unknown(self) -> int:
        """Texts that open with no key of the ring."""
        return sum(found.unknown for found in self.passes)

    @property
    def done(self) -> bool:
        """Whether all that it holds is under the current key, as far as its latest passes have seen."""
        return self.prepared and not self.missing and all(found.clean for found in self.passes)

    @property
    def said(self) -> str:
        """In words, for an operator."""
        if not self.prepared:
            return "has not started with this release yet"
        if self.unknown:
            return f"{self.unknown} texts of a key that is not in the ring: put it into {OTHERS}"
        if self.done:
            return f"all under the current key, as of {min(found.began for found in self.passes):%Y-%m-%d %H:%M:%S} UTC"
        under_way = [f"{found.collection} {found.seen}" for found in self.passes if not found.clean]
        return f"under way: {', '.join([*under_way, *(f'{name} waits' for name in self.missing)])}"


def progress(settings: Settings) -> Iterator[Progress]:
    """How far each service is that has ever been started, read from the stores. Raises Unavailable."""
    current = name_of(settings.field_key)
    with closing(connect(settings.mongo_uri)) as client:
        for service, spec in sorted(installed_services().items()):
            db = database(client, service)
            known = {name: found for name, found in passes(db).items() if found.key == current}
            wanted = [collection.name for collection in sealing(spec.collections)]
            with our_words():
                prepared = db[KEYS.name].find_one({"_id": LOOK_UP}) is not None
                used = prepared or db[JOURNAL.name].find_one({}) is not None
            if not used:
                continue
            mine = tuple(known[name] for name in wanted if name in known)
            yield Progress(service, prepared, mine, tuple(name for name in wanted if name not in known))


def rotate(path: Path, environ: Mapping[str, str], found: Iterable[Progress]) -> str:
    """Put a new key first in the ring of the file ``path``; its name. Raises RotationRefused, OSError."""
    _require_ours(environ, path)
    waits = [each.service for each in found if not each.done]
    if waits:
        raise RotationRefused(f"the last change of the key is not through: {', '.join(waits)}; see `steward keys status`")
    kept, key = read_env(path), secrets.token_bytes(KEY_BYTES)
    others = ",".join(filter(None, (kept[CURRENT], kept.get(OTHERS, ""))))
    write_env(path, kept | {CURRENT: base64.b64encode(key).decode(), OTHERS: others}, REMARK)
    return name_of(key)


def retire(path: Path, environ: Mapping[str, str], found: Iterable[Progress]) -> None:
    """Take all keys but the current one out of the file ``path``. Raises RotationRefused, OSError."""
    _require_ours(environ, path)
    needed = [f"{each.service}: {each.said}" for each in found if not each.done]
    if needed:
        raise RotationRefused(f"the other keys are still needed. {'; '.join(needed)}")
    write_env(path, {name: value for name, value in read_env(path).items() if name != OTHERS}, REMARK)


def _require_ours(environ: Mapping[str, str], path: Path) -> None:
    """Raises RotationRefused where the key comes from elsewhere: then whoever sets it changes it."""
    if not path.exists() or any(environ.get(name) for name in (CURRENT, OTHERS)):
        raise RotationRefused(f"the key of this installation is not in {path}: change {CURRENT} and {OTHERS} where they are set")
