"""What every service has, because the kit gives it: calls, permissions, a collection."""

from __future__ import annotations

from steward.spec import Call, Collection, Index, Permission, Sweep

_DEAD = "steward.bus.deadschemas"
_AUDIT = "steward.bus.auditschemas"
OPERATOR_S = 10
"""An operator waits longer than a caller at the desk."""

DEAD_LETTERS = Collection("dead_letters", (Index(("state", "_id")),))

STANDARD_CALLS = {
    call.name: call
    for call in (
        Call("timeline", "ops.timeline", "Every event of a matter that this service published"),
        Call("journal_page", "ops.journal", "What this service did in a project, in order", deadline_s=10),
        Call("dead_letters", "ops.dead_letters", "Messages that were given up", query=f"{_DEAD}:Query", deadline_s=OPERATOR_S),
        Call("dead_letter", "ops.dead_letters", "One of them, whole", answer=f"{_DEAD}:WholeLetter"),
        Call("replay_dead_letter", "ops.replay", "Give a dead letter to its handler again", answer=f"{_DEAD}:WholeLetter"),
        Call(
            "edit_dead_letter",
            "ops.replay",
            "Give a dead letter to its handler again, corrected",
            body=f"{_DEAD}:Edit",
            answer=f"{_DEAD}:WholeLetter",
        ),
        Call(
            "discard_dead_letter",
            "ops.replay",
            "Close a dead letter with a reason",
            body=f"{_DEAD}:Discard",
            answer=f"{_DEAD}:WholeLetter",
        ),
        Call(
            "replay_dead_letters",
            "ops.replay",
            "Give many dead letters to their handlers again",
            body=f"{_DEAD}:Bulk",
            answer=f"{_DEAD}:Done",
            deadline_s=OPERATOR_S,
        ),
        Call(
            "discard_dead_letters",
            "ops.replay",
            "Close many dead letters with a reason",
            body=f"{_DEAD}:BulkDiscard",
            answer=f"{_DEAD}:Done",
            deadline_s=OPERATOR_S,
        ),
        Call("audit", "audit.read", "Who did what, and read what, in a project", query=f"{_AUDIT}:Query", deadline_s=OPERATOR_S),
        Call("journal_projects", "ops.replay", "The projects of which this service has a journal", deadline_s=10),
        Call("republish", "ops.replay", "Publish events of the past again", body="steward.bus.republish:Span", deadline_s=30),
    )
}

STANDARD_SWEEPS = (Sweep("seal_journal", every_s=5), Sweep("reseal", every_s=5))

STANDARD_PERMISSIONS = (
    Permission("ops.timeline", ("desk", "zone_manager", "supervisor", "manager", "quality", "auditor", "admin")),
    Permission("ops.journal", ("auditor", "admin")),
    Permission("ops.dead_letters", ("auditor", "admin")),
    Permission("ops.replay", ("admin",)),
    Permission("audit.read", ("auditor", "quality", "admin")),
)
