"""The second factor: codes by time (RFC 6238) and recovery codes, each good once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import segno
from pyotp import TOTP
from pyotp.utils import strings_equal

from services.identity.model.users import EVERYWHERE
from steward.errors import IllegalTransition, SecondFactorNeeded
from steward.facts import Decision, Fact

STEP_S = 30
DIGITS = 6


@dataclass(frozen=True)
class Factor:
    """The second factor (二次验证) of the user ``id``.

    ``sealed`` is the secret in use, ``offered`` one that waits to be confirmed. ``step`` is the last period of time whose
    code was taken, ``recovery`` holds keyed hashes of what is left of the recovery codes. ``asked_at``: since when a role
    of the user asks for one.
    """

    id: str
    sealed: str = ""
    offered: str = ""
    step: int = 0
    recovery: tuple[str, ...] = ()
    asked_at: datetime | None = None
    project: str = EVERYWHERE
    version: int = 0

    @property
    def on(self) -> bool:
        """Whether a code is needed to log in."""
        return bool(self.sealed)


def offer(factor: Factor, sealed: str) -> Decision[Factor]:
    """A new secret, in force once :func:`confirm` shows that it arrived. Raises IllegalTransition when there is one."""
    if factor.on:
        raise IllegalTransition.of("offer", "on", ["off"])
    return Decision(replace(factor, offered=sealed))


def confirm(factor: Factor, step: int | None, recovery: Iterable[str]) -> Decision[Factor]:
    """From now on codes are needed. ``step``: what the code given was good for, None for a wrong one.

    Raises IllegalTransition when nothing was offered, SecondFactorNeeded.
    """
    if not factor.offered:
        raise IllegalTransition.of("confirm", "on" if factor.on else "off", ["off"] if factor.on else ["offer"])
    if step is None:
        raise wrong()
    return _changed(replace(factor, sealed=factor.offered, offered="", step=step, recovery=tuple(recovery)))


def take(factor: Factor, step: int | None) -> Decision[Factor]:
    """The code of ``step`` was given. Raises SecondFactorNeeded when it was none, or was taken before."""
    if step is None or step <= factor.step:
        raise wrong()
    return Decision(replace(factor, step=step))


def recover(factor: Factor, hashed: str) -> Decision[Factor]:
    """A recovery code was given; it is not good again. Raises SecondFactorNeeded."""
    if hashed not in factor.recovery:
        raise wrong()
    return _changed(replace(factor, recovery=tuple(left for left in factor.recovery if left != hashed)))


def drop(factor: Factor) -> Decision[Factor]:
    """No code is needed any more, whatever is offered is void; whether a role asks for one stays. Raises IllegalTransition."""
    if not factor.on and not factor.offered:
        raise IllegalTransition.of("off", "off", ["offer"])
    return _changed(replace(factor, sealed="", offered="", recovery=()))


def ask(factor: Factor, now: datetime) -> Decision[Factor] | None:
    """A role asks for one from now on; None when one did already."""
    return None if factor.asked_at else Decision(replace(factor, asked_at=now))


def needed_by(factor: Factor, roles: Iterable[str], rules: Mapping[str, Any]) -> datetime | None:
    """When it has to be on at the latest; None while it is, or no role asks for it, or none has been asked for yet."""
    if factor.on or factor.asked_at is None or not set(rules["roles"]) & set(roles):
        return None
    return factor.asked_at + timedelta(days=rules["grace_days"])


def step_of(secret: str, code: str, now: datetime, window: int, after: int) -> int | None:
    """The period of 30 s, within ``window`` of the present one and later than ``after``, that has this code; None: none has."""
    totp, present = TOTP(secret, digits=DIGITS, interval=STEP_S), int(now.timestamp()) // STEP_S
    found = [step for step in range(present - window, present + window + 1) if strings_equal(totp.generate_otp(step), code)]
    return next((step for step in found if step > after), None)


def address(secret: str, username: str, issuer: str) -> str:
    """The ``otpauth://`` address that authenticators read."""
    return TOTP(secret, digits=DIGITS, interval=STEP_S).provisioning_uri(name=username, issuer_name=issuer)


def picture(address: str) -> str:
    """``address`` as a QR code for a camera: an SVG in a ``data:`` address, black on white whatever is around it."""
    drawn = segno.make(address, error="m", micro=False)
    return drawn.svg_data_uri(light="#fff", border=4, omitsize=True, svgclass=None, lineclass=None)


def wrong() -> SecondFactorNeeded:
    """What is said to a code that is not good, or not any more."""
    return SecondFactorNeeded("the code is wrong, or was used before", code="wrong")


def _changed(factor: Factor) -> Decision[Factor]:
    return Decision(factor, (Fact("second_factor_changed", {"user": factor.id, "on": factor.on, "recovery_left": len(factor.recovery)}),))
