"""Whether the policy of messages can be followed."""

from __future__ import annotations

from pathlib import Path

from services.notify.rules import Terms, rules
from services.notify.spec import SPEC
from services.notify.words import LANGUAGES, Words
from steward.policy import PolicyError
from steward.soundness import places


def check(folder: Path | None) -> None:
    """Raises PolicyError for numbers of sending that make no sense, rules that lack something, templates that there are not."""
    words = Words(folder)
    for where, _, policy in places(SPEC, folder):
        try:
            Terms.of(policy)
            found = list(rules(policy))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            missing = isinstance(error, KeyError)
            raise PolicyError(f"{where}: {error.args[0] if missing else error}{': is missing' if missing else ''}") from error
        for rule in found:
            for channel in rule.channels:
                if not any(words.exists(rule.template, channel, language) for language in LANGUAGES):
                    raise PolicyError(f"{where}: rule.{rule.id}.template: there is no {rule.template!r} for the channel {channel}")
