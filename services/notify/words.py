"""The words of messages: templates and vocabulary, zh-CN and en, each of which a company may replace."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

LANGUAGES = ("zh-CN", "en")
PACKAGE = "services.notify"


def template_name(template: str, channel: str, language: str) -> str:
    """Where a template is found, below ``templates``."""
    return f"{language}/{template}.{channel}.j2"


class Words:
    """Renders templates; ``folder/notify/templates`` comes before those that are shipped.

    Templates run in a sandbox and see nothing but the words of their message.
    """

    def __init__(self, folder: Path | None = None) -> None:
        own: list[BaseLoader] = [FileSystemLoader(folder / "notify" / "templates")] if folder else []
        self._templates = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([*own, PackageLoader(PACKAGE, "templates")]),
            undefined=StrictUndefined,
            autoescape=False,  # the result is an SMS, or data of a letter: never mark-up
            trim_blocks=True,
            auto_reload=False,
        )

    def render(self, template: str, channel: str, language: str, words: Mapping[str, str]) -> str:
        """The text of a message. Raises jinja2.TemplateError when there is no such template, or a word is missing."""
        return self._templates.get_template(template_name(template, channel, language)).render(words).strip()

    def exists(self, template: str, channel: str, language: str) -> bool:
        """Whether there is such a template."""
        name = template_name(template, channel, language)
        return name in self._templates.list_templates()


def spoken(codes: Mapping[str, Any], language: str) -> dict[str, str]:
    """``codes`` as people say them: ``{"kind": "repair_home"}`` becomes ``{"kind": "居家维修"}``."""
    vocabulary = _vocabulary(language)
    return {field: _word(vocabulary, field, code) for field, code in codes.items()}


def word(field: str, code: str, language: str) -> str:
    """One code of ``field`` as people say it; the code itself, where it has no word."""
    return _word(_vocabulary(language), field, code)


def known_language(language: str | None, default: str) -> str:
    """``language`` if there are templates in it, else ``default``."""
    return language if language in LANGUAGES else default


def _word(vocabulary: Mapping[str, Any], field: str, code: Any) -> str:
    if code in (None, ""):
        return str(vocabulary["missing"])
    return str(vocabulary.get(field, {}).get(str(code), code))


@cache
def _vocabulary(language: str) -> Mapping[str, Any]:
    return tomllib.loads(files(PACKAGE).joinpath(f"locale/{language}.toml").read_text(encoding="utf-8"))
