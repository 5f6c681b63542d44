"""What the identity service is."""

from __future__ import annotations

from services.identity.model import ENROLLING, ROLES
from services.identity.model.users import RESIDENT
from steward.spec import Call, Collection, Event, Hears, Index, Permission, Route, ServiceSpec, Sweep

_IN = "services.identity.schemas.commands:"
_OUT = "services.identity.schemas.views:"
_EVENTS = "services.identity.schemas.events:"
_SEEN = "identity.manage"
_NOTHING = "steward.shapes:Nothing"
_KEY = f"{_OUT}ApiKeyView"

HASHING_S = 10
"""For calls that hash a password: some 30 ms of a processor, seconds on a machine that has none to spare."""

SPEC = ServiceSpec(
    name="identity",
    title={"zh-CN": "用户与权限", "en": "Identity"},
    service="services.identity.service:Identity",
    policy="services.identity:policy.toml",
    check="services.identity.checking:check",
    publishes=(
        Event("user_added", f"{_EVENTS}UserChanged", "There is a new user", seen_with=_SEEN),
        Event("grants_changed", f"{_EVENTS}GrantsChanged", "A user's roles in a project have changed", seen_with=_SEEN),
        Event("user_deactivated", f"{_EVENTS}UserChanged", "A user is shut out", seen_with=_SEEN),
        Event("user_activated", f"{_EVENTS}UserChanged", "A user is let in again", seen_with=_SEEN),
        Event("standing_changed", f"{_EVENTS}StandingChanged", "Whether, as what or when a user can be called upon", seen_with=_SEEN),
        Event("password_changed", f"{_EVENTS}UserChanged", "A user has another password", seen_with=_SEEN),
        Event("account_unlinked", f"{_EVENTS}UserChanged", "A user is no longer linked to an account of the provider", seen_with=_SEEN),
        Event("session_ended", f"{_EVENTS}SessionEnded", "Tokens of a session are no longer good", seen_with=_SEEN),
        Event("session_renewed", f"{_EVENTS}SessionRenewed", "A session goes on with other grants", seen_with=_SEEN),
        Event(
            "second_factor_changed",
            f"{_EVENTS}SecondFactorChanged",
            "A second factor is on, off, or a recovery code less",
            seen_with=_SEEN,
        ),
        Event("key_changed", f"{_EVENTS}KeyChanged", "An API key was made, got another secret, or has ended", seen_with=_SEEN),
        Event("logged_in", f"{_EVENTS}UserChanged", "A user has logged in", seen_with=_SEEN),
    ),
    hears=(Hears("on_project", ("residents.project_opened",), any_order=True),),
    calls=(
        Call("log_in", "public", "Log in", body=f"{_IN}LogIn", answer=f"{_OUT}TokenView", deadline_s=HASHING_S),
        Call(
            "sign_on",
            "public",
            "Where to log in with an account of the company's OpenID provider",
            answer=f"{_OUT}SignOnView",
            deadline_s=HASHING_S,
        ),
        Call("me", "identity.me", "Who the caller is", answer=f"{_OUT}MeView"),
        Call(
            "change_password",
            "identity.me",
            "Change one's own password",
            body=f"{_IN}ChangePassword",
            answer=f"{_OUT}MeView",
            deadline_s=HASHING_S,
        ),
        Call("my_sessions", "identity.me", "Where the caller is logged in", answer=f"{_OUT}SessionsView"),
        Call("end_my_session", "identity.me", "Log out, here or elsewhere", body=_NOTHING, answer=f"{_OUT}SessionView"),
        Call("end_my_other_sessions", "identity.me", "Log out everywhere but here", body=_NOTHING, answer=f"{_OUT}SessionsView"),
        Call("second_factor", "identity.enrol", "The caller's second factor", answer=f"{_OUT}SecondFactorView"),
        *(
            Call(name, "identity.enrol", summary, body=f"{_IN}{body}", answer=f"{_OUT}SecondFactorView", deadline_s=HASHING_S)
            for name, summary, body in (
                ("offer_second_factor", "Begin to set up one's second factor", "Prove"),
                ("confirm_second_factor", "Show that one's authenticator knows the secret", "Confirm"),
                ("drop_second_factor", "Do without a second factor", "GiveUp"),
            )
        ),
        Call("reset_second_factor", "identity.manage", "Take away a lost second factor", body=_NOTHING, answer=f"{_OUT}UserView"),
        Call("unlink", "identity.manage", "Undo a user's link to an account of the provider", body=_NOTHING, answer=f"{_OUT}UserView"),
        Call("sessions", "identity.manage", "Where a user is logged in", answer=f"{_OUT}SessionsView"),
        Call("end_session", "identity.manage", "End a session of a user", body=_NOTHING, answer=f"{_OUT}SessionView"),
        Call(
            "session_watch",
            "identity.watch",
            "What became of sessions, for gateways",
            body=f"{_IN}Watch",
            answer=f"{_OUT}WatchView",
        ),
        Call("make_key", "identity.keys", "Make an API key", body=f"{_IN}MakeKey", answer=_KEY),
        Call("keys", "identity.keys", "List API keys", query="steward.paging:PageQuery", answer=_KEY),
        Call("key", "identity.keys", "One API key", answer=_KEY),
        Call("rotate_key", "identity.keys", "Give an API key another secret", body=f"{_IN}RotateKey", answer=_KEY),
        Call("end_key", "identity.keys", "End an API key", body=_NOTHING, answer=_KEY),
        Call("add_user", "identity.manage", "Add a user", body=f"{_IN}AddUser", answer=f"{_OUT}UserView", deadline_s=HASHING_S),
        Call("users", "identity.manage", "List users", query="steward.paging:PageQuery", answer=f"{_OUT}UserView"),
        Call("user", "identity.manage", "One user", answer=f"{_OUT}UserView"),
        Call("grant", "identity.manage", "Set a user's roles in a project or company", body=f"{_IN}Grant", answer=f"{_OUT}UserView"),
        Call("deactivate", "identity.manage", "Shut a user out", body=_NOTHING, answer=f"{_OUT}UserView"),
        Call("activate", "identity.manage", "Let a user in again", body=_NOTHING, answer=f"{_OUT}UserView"),
        Call("add_absence", "identity.manage", "A user goes on leave", body=f"{_IN}AddAbsence", answer=f"{_OUT}UserView"),
        Call("end_absence", "identity.manage", "A user is back, or will not go", body=_NOTHING, answer=f"{_OUT}UserView"),
        Call(
            "names",
            "identity.names",
            "What colleagues and programs are called",
            query=f"{_IN}NamesQuery",
            answer=f"{_OUT}NamesView",
        ),
        Call("standing_in", "identity.deputies", "For whom a user stands in now, and in which roles", answer=f"{_OUT}StandingInView"),
        Call(
            "set_password",
            "identity.manage",
            "Reset a password",
            body=f"{_IN}NewPassword",
            answer=f"{_OUT}UserView",
            deadline_s=HASHING_S,
        ),
    ),
    routes=(
        Route("POST", "/auth/token", "log_in", visitor=True, rate="login"),
        Route("GET", "/auth/oidc", "sign_on", rate="login"),
        Route("GET", "/me", "me"),
        Route("POST", "/me/password", "change_password"),
        Route("GET", "/me/sessions", "my_sessions"),
        Route("POST", "/me/sessions/end-others", "end_my_other_sessions"),
        Route("POST", "/me/sessions/{session}/end", "end_my_session"),
        Route("GET", "/me/totp", "second_factor"),
        Route("POST", "/me/totp", "offer_second_factor"),
        Route("POST", "/me/totp/confirm", "confirm_second_factor"),
        Route("POST", "/me/totp/off", "drop_second_factor"),
        Route("POST", "/api-keys", "make_key", status=201),
        Route("GET", "/api-keys", "keys", paged=True),
        Route("GET", "/api-keys/{key}", "key"),
        Route("POST", "/api-keys/{key}/rotate", "rotate_key", changes=True),
        Route("POST", "/api-keys/{key}/end", "end_key", changes=True),
        Route("POST", "/users", "add_user", status=201),
        Route("GET", "/users", "users", paged=True),
        Route("GET", "/users/{user}", "user"),
        Route("POST", "/users/{user}/grants", "grant", changes=True),
        Route("POST", "/users/{user}/deactivate", "deactivate", changes=True),
        Route("POST", "/users/{user}/activate", "activate", changes=True),
        Route("POST", "/users/{user}/absences", "add_absence", changes=True),
        Route("POST", "/users/{user}/absences/{absence}/end", "end_absence", changes=True),
        Route("POST", "/users/{user}/password", "set_password", changes=True),
        Route("POST", "/users/{user}/totp/reset", "reset_second_factor", changes=True),
        Route("POST", "/users/{user}/oidc/unlink", "unlink", changes=True),
        Route("GET", "/projects/{project}/names", "names"),
        Route("GET", "/users/{user}/sessions", "sessions"),
        Route("POST", "/users/{user}/sessions/{session}/end", "end_session"),
    ),
    permissions=(
        Permission("identity.me", ROLES, "Know who one is, change one's password"),
        Permission("identity.enrol", (*ROLES, ENROLLING), "Set up one's second factor"),
        Permission("identity.manage", ("admin",), "Manage users, in the projects where one is admin"),
        Permission("identity.keys", ("admin",), "Manage API keys, in the projects where one is admin"),
        Permission("identity.names", tuple(role for role in ROLES if role != RESIDENT), "Know what colleagues are called"),
        Permission("identity.deputies", (), "Know who stands in for whom; for services alone"),
        Permission("identity.watch", (), "Know of all sessions; for services alone"),
    ),
    collections=(
        Collection(
            "users",
            (
                Index(("username",), unique=True),
                *(Index(fields) for fields in (("project", "_id"), ("subject",), ("away.deputy",), ("companies",))),
            ),
        ),
        Collection("companies"),
        Collection("guards", (Index(("since",)),)),
        Collection("rolls"),
        Collection("factors", seals=("sealed", "offered")),
        Collection("keys", (Index(("project", "_id")), Index(("told_until",)))),
        Collection("logins", (Index(("holder", "expires_at")), Index(("expires_at",)), Index(("told_until",)))),
    ),
    sweeps=(Sweep("forget_failures", every_s=60), Sweep("forget_sessions", every_s=300)),
    menu=({"path": "/users", "zh-CN": "用户", "en": "Users"},),
)
