"""Every error of Steward, as one tree.

StewardError                     a problem document (RFC 9457) waiting to be written
├── BadInput                422  a field is wrong; names it
├── NotPermitted            403  the principal may not do this here
├── NotAuthenticated        401  no principal, or one that cannot be trusted
│   └── SecondFactorNeeded  401  the password is right; a code has to come with it
├── NotFound                404  no such thing, or none that this principal may know of
├── IllegalTransition       409  the state does not allow it; names the legal ones
├── AlreadyExists           409  something else has that name
├── AnswerForgotten         410  done before; what was answered is kept no longer
├── PreconditionFailed      412  somebody changed it since it was read
├── IdempotencyMismatch     422  the key was used before, for another request
├── Overloaded              429  too many requests; come back later
└── Transient               503  will succeed if tried again
    ├── Unavailable         503  store, broker or another service is away
    ├── DeadlineExceeded    504  the caller's time ran out
    ├── Conflict            503  another writer was first
    └── OutOfOrder          503  an event came before the one that it builds on
"""

from __future__ import annotations

from typing import Any, ClassVar


class StewardError(Exception):
    """A failure that the caller is told about in plain words.

    ``detail`` is a sentence for people; ``extra`` holds members of the problem document,
    such as ``field`` or ``legal``. Nothing personal belongs in either.
    """

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.detail or self.title} {self.extra}" if self.extra else self.detail or self.title

    def to_wire(self) -> dict[str, Any]:
        """The JSON that carries this error between services."""
        return {"kind": self.kind, "detail": self.detail, "extra": self.extra}

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 problem document."""
        return {
            "type": f"urn:steward:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.extra,
        }


class BadInput(StewardError):
    """The request is understood and wrong. ``errors`` lists ``{"field", "message"}``."""

    status, kind, title = 422, "bad-input", "The input is not valid"

    @classmethod
    def of(cls, field: str, message: str) -> BadInput:
        """One wrong field."""
        return cls(f"{field}: {message}", errors=[{"field": field, "message": message}])


class NotAuthenticated(StewardError):
    status, kind, title = 401, "not-authenticated", "Log in first"


class SecondFactorNeeded(NotAuthenticated):
    """The password is right. ``code`` says whether the code that must come with it is ``missing`` or ``wrong``.

    Who came from the company's OpenID provider sends ``proof`` back with the code, in place of a password.
    """

    status, kind, title = 401, "second-factor-needed", "A code is needed, too"


class NotPermitted(StewardError):
    status, kind, title = 403, "not-permitted", "Not permitted"


class NotFound(StewardError):
    status, kind, title = 404, "not-found", "Not found"


class IllegalTransition(StewardError):
    """The present state does not allow the command; ``legal`` lists those it allows."""

    status, kind, title = 409, "illegal-transition", "Not possible in the present state"

    @classmethod
    def of(cls, command: str, state: str, legal: list[str]) -> IllegalTransition:
        """``command`` was tried in ``state``, where only ``legal`` ones are possible."""
        return cls(f"{command!r} is not possible when {state!r}", state=state, legal=legal)


class AlreadyExists(StewardError):
    status, kind, title = 409, "already-exists", "Already exists"


class AnswerForgotten(StewardError):
    """A repeated request: it was carried out then, and its answer is kept no longer (``[answers] kept_days``)."""

    status, kind, title = 410, "answer-forgotten", "Done before; its answer is kept no longer"


class PreconditionFailed(StewardError):
    status, kind, title = 412, "precondition-failed", "Changed since it was read"


class IdempotencyMismatch(StewardError):
    status, kind, title = 422, "idempotency-mismatch", "The idempotency key was used for another request"


class Overloaded(StewardError):
    status, kind, title = 429, "overloaded", "Too many requests"


class Transient(StewardError):
    """Worth trying again. ``retry_after_s`` is a hint in seconds."""

    status, kind, title = 503, "transient", "Try again"
    retry_after_s: ClassVar[int] = 1


class Unavailable(Transient):
    status, kind, title = 503, "unavailable", "A part that is needed is away"


class DeadlineExceeded(Transient):
    status, kind, title = 504, "deadline-exceeded", "No answer in time"


class Conflict(Transient):
    status, kind, title = 503, "conflict", "Another writer was first"


class OutOfOrder(Transient):
    status, kind, title = 503, "out-of-order", "Came before the event that it builds on"


def _tree(root: type[StewardError]) -> dict[str, type[StewardError]]:
    found = {root.kind: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


KINDS = _tree(StewardError)


def from_wire(data: dict[str, Any]) -> StewardError:
    """The error that :meth:`StewardError.to_wire` wrote; an unknown kind becomes a plain StewardError."""
    error = KINDS.get(data.get("kind", ""), StewardError)
    return error(data.get("detail", ""), **data.get("extra", {}))
