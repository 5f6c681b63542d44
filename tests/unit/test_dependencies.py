"""What Steward stands on: locked to the byte, under licences that let a company use it, and the one exception kept at arm's length."""

from __future__ import annotations

import ast
import re
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PERMISSIVE = frozenset(
    [
        "MIT",
        "MIT-0",
        "BSD",
        "Apache",
        "ISC",
        "PSF-2.0",
        "0BSD",
        "Zlib",
        "CC0-1.0",
        "MPL",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "MPL-2.0",
    ]
)
A_PROCESS_OF_ITS_OWN = {"secantusdb": "secantus"}
"""GPL: the embedded store is started, never imported."""
_PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^ ;\\]+)(?P<rest>.*?)(?=^[a-z0-9._-]+==|\Z)", re.MULTILINE | re.DOTALL)
_WORDS_OF_A_LICENCE = re.compile(r"MIT-0|[A-Za-z]+-[0-9.]+(?:-Clause)?|0BSD|BSD|Apache|MIT|ISC|MPL|PSF|Zlib|GPL|Mozilla")
_AS_SPDX = {"PSF": "PSF-2.0", "Mozilla": "MPL"}

PINS = [found.groupdict() for found in _PIN.finditer((HOUSE / "requirements.lock").read_text())]
HERE = [pin for pin in PINS if "sys_platform" not in pin["rest"] and "platform_" not in pin["rest"]]


def licences(package: Distribution) -> set[str]:
    """Those that ``package`` names: as an expression, else by its classifiers, else in its own words."""
    told = package.metadata
    classified = [line.rpartition(":")[2] for line in told.get_all("Classifier", []) if line.startswith("License ::")]
    text = told.get("License-Expression") or " ".join(classified) or told.get("License") or ""
    words = _WORDS_OF_A_LICENCE.findall(text) or _WORDS_OF_A_LICENCE.findall(told.get("License") or "")
    return {_AS_SPDX.get(word, word) for word in words}


@pytest.mark.parametrize("pin", PINS, ids=lambda pin: pin["name"])
def test_every_package_is_locked_by_the_hash_of_each_of_its_files(pin: dict[str, str]) -> None:
    assert "--hash=sha256:" in pin["rest"]


@pytest.mark.parametrize("pin", HERE, ids=lambda pin: pin["name"])
def test_what_is_installed_is_what_the_lock_says_and_may_be_used(pin: dict[str, str]) -> None:
    package = distribution(pin["name"])
    assert package.version == pin["version"]
    named = licences(package)
    assert named, "says nothing of its licence"
    assert named <= PERMISSIVE or pin["name"] in A_PROCESS_OF_ITS_OWN, named


def test_what_may_only_be_a_process_of_its_own_is_imported_nowhere() -> None:
    for path in [*HOUSE.glob("steward/**/*.py"), *HOUSE.glob("services/**/*.py"), *HOUSE.glob("gateway/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in A_PROCESS_OF_ITS_OWN.values() for name in names), path


def test_a_licence_that_binds_its_users_is_noticed() -> None:
    assert licences(distribution("secantusdb")) - PERMISSIVE
