"""The console's modules fit together: a browser would say so only to whoever opens the page that does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_IMPORT = re.compile(r'^import \{ ([^}]*) \} from "\./([^"]+)";$', re.M)
_EXPORT = re.compile(r"^export (?:async )?(?:const|function|class) ([\w$]+)", re.M)
_MADE = re.compile(r"^ *(?:export |async |function )*([\w$]+)\([^\n]*\) \{", re.M)
_CALLED = re.compile(r"(?<![\w$.\"'`#-])([A-Za-z_$][\w$]*)\(")
_SAID = re.compile(r"//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"")
MODULES = {path.name: path.read_text(encoding="utf-8") for path in Path("gateway/console").glob("*.js")}
EXPORTED = {name: set(_EXPORT.findall(text)) for name, text in MODULES.items()}


def stands(name: str, text: str, *, but_before: str = "") -> bool:
    return bool(re.search(rf"(?<![\w$]){re.escape(name)}(?![\w${but_before}])", text))


@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_a_module_takes_is_given_and_used(name: str) -> None:
    body = _SAID.sub("", _IMPORT.sub("", MODULES[name]))
    for names, source in _IMPORT.findall(MODULES[name]):
        taken = [one.partition(" as ") for one in names.split(", ")]
        assert {given for given, _, _ in taken} <= EXPORTED[source]
        assert all(stands(renamed or given, body) for given, _, renamed in taken)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_a_module_calls_of_others_it_takes(name: str) -> None:
    """A name that stands nowhere but before a bracket is neither taken, nor a parameter, nor made here."""
    body = _SAID.sub("", MODULES[name])
    called = {one for one in _CALLED.findall(body) if not stands(one, body, but_before="(")}
    assert not (called & set().union(*EXPORTED.values())) - {*_MADE.findall(body)}
