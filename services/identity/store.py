"""How users, guards and rolls are kept and found."""

from __future__ import annotations

from services.identity.model import Guard, Roll, User
from steward.store.repository import Repository

USERS = Repository("users", User)
GUARDS = Repository("guards", Guard)
ROLLS = Repository("rolls", Roll)
