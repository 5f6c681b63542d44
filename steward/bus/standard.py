"""What every service has, because the kit gives it: calls, permissions, a collection."""

from __future__ import annotations

from steward.spec import Call, Collection, Event, Index, Permission, Sweep

_DEAD = "steward.bus.deadschemas"
_AUDIT = "steward.bus.auditschemas"
_APPROVALS = "steward.bus.approvalschemas"
OPERATOR_S = 10
"""An operator waits longer than a caller at the desk."""

DEAD_LETTERS = Collection("dead_letters", (Index(("state", "_id")),))

APPROVALS = Collection(
    "approvals",
    (
        Index(("project", "_id")),
        Index(("project", "state", "_id")),
        Index(("subject", "kind", "asked_by")),
        Index(("taken",), unique=True, partial={"taken": {"$exists": True}}),
        Index(("due_at",)),
    ),
)
"""What a service keeps, beside its own, that has things approved."""

APPROVAL_EVENTS = tuple(
    Event(f"approval_{name}", f"{_APPROVALS}:ApprovalTold", summary, seen_with="approvals.all")
    for name, summary in (
        ("asked", "Others are asked to agree to something"),
        ("voted", "One of those who must agree has; others still must"),
        ("granted", "All who must agree have"),
        ("refused", "Somebody who must agree has refused"),
        ("withdrawn", "Who asked for it does not want it any more"),
        ("expired", "Not all who must agree have said so in time"),
    )
)
"""What a service publishes, beside its own, that has things approved."""

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
        Call("approvals", "approvals.see", "What others are asked to agree to", query=f"{_APPROVALS}:Query", deadline_s=5),
        Call("approval", "approvals.see", "One approval", answer=f"{_APPROVALS}:ApprovalView", deadline_s=5),
        *(
            Call(name, "approvals.vote", summary, body=f"{_APPROVALS}:{body}", answer=f"{_APPROVALS}:ApprovalView", deadline_s=5)
            for name, summary, body in (
                ("approve_asked", "Agree to what is asked for", "Approve"),
                ("refuse_asked", "Refuse what is asked for", "Refuse"),
            )
        ),
        Call("withdraw_asked", "approvals.vote", "Withdraw what one asked for oneself", answer=f"{_APPROVALS}:ApprovalView", deadline_s=5),
        Call("journal_projects", "ops.replay", "The projects of which this service has a journal", deadline_s=10),
        Call("republish", "ops.replay", "Publish events of the past again", body="steward.bus.republish:Span", deadline_s=30),
    )
}

STANDARD_SWEEPS = (Sweep("seal_journal", every_s=5), Sweep("expire_approvals", every_s=5), Sweep("reseal", every_s=5))

_STAFF = ("desk", "zone_manager", "supervisor", "manager", "engineer", "security", "cleaner", "cashier", "finance", "quality", "admin")

STANDARD_PERMISSIONS = (
    Permission("ops.timeline", ("desk", "zone_manager", "supervisor", "manager", "quality", "auditor", "admin")),
    Permission("ops.journal", ("auditor", "admin")),
    Permission("ops.dead_letters", ("auditor", "admin")),
    Permission("ops.replay", ("admin",)),
    Permission("audit.read", ("auditor", "quality", "admin")),
    Permission("approvals.see", (*_STAFF, "auditor"), "See what one asked for, decided, or may decide"),
    Permission("approvals.vote", _STAFF, "Decide in a role that a rule names, and withdraw what one asked for"),
    Permission("approvals.all", ("supervisor", "manager", "quality", "auditor", "admin"), "See all approvals"),
)
