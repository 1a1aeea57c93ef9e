"""The one list of what no source tells about the service, and what the simulator does there.

The real service was never contacted: what is known of it comes from its documentation, the declarations of the SDKs, and
what their published builds send and accept. Everything else is a choice of ours. A verdict that rests on one of these shows
it; ``testcall simulate --assumptions`` prints them all. Ids don't change once released.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumption:
    """One choice: what the simulator does, and the routes or stanzas where it shows (``*``: everywhere)."""

    id: str
    text: str
    shows: tuple[str, ...]


ASSUMPTIONS: tuple[Assumption, ...] = (
    # -- HTTP ----------------------------------------------------------------------------------------------------------
    Assumption(
        "HTTP-01",
        "Refusals carry 400, 401, 403 or 404 by their kind; only the 429 of rate limits is documented.",
        ("*",),
    ),
    Assumption("HTTP-02", "The texts of refusals are testcall's; their codes are documented.", ("*",)),
    Assumption("HTTP-03", "`source` of an error names the simulator, `devMessage` repeats `message`.", ("*",)),
    Assumption("HTTP-04", "Every origin may call (CORS `*`), and refusals carry the CORS header too.", ("*",)),
    Assumption("HTTP-05", "Paths answer under /v3.0, under /v3 and without a version.", ("*",)),
    Assumption(
        "HTTP-06",
        "The documented rate limits hold for the admin and the client API, per app and clock minute; the calls API has none.",
        ("*",),
    ),
    # -- call tokens ---------------------------------------------------------------------------------------------------
    Assumption(
        "TOKEN-01",
        "A call token is a signed JSON Web Token; its claims beyond `data.sessionId` are testcall's.",
        ("create_call_token",),
    ),
    Assumption(
        "TOKEN-02",
        "A call token never expires unless the app is set so, and may be used any number of times.",
        ("verify_call_token",),
    ),
    Assumption(
        "TOKEN-03",
        "A call token that is empty, garbage, forged, expired or of another app is refused with AUTH_ERR_TOKEN_INVALID_SIGNATURE.",
        ("verify_call_token",),
    ),
    Assumption(
        "TOKEN-04",
        "An absent, empty or blank session id is refused with ERR_EMPTY_CALL_SESSION_ID; one of a wrong type with ERR_BAD_REQUEST; any other text is a session id.",
        ("create_call_token",),
    ),
    Assumption(
        "TOKEN-05",
        "Session ids are answered in lower case and are the same in any case.",
        ("create_call_token", "verify_call_token"),
    ),
    Assumption(
        "TOKEN-06",
        "Session ids are answered as they came, not expanded to v1.<region>.<app>.<id>, unless the app is set so.",
        ("verify_call_token",),
    ),
    Assumption(
        "TOKEN-07", "The verification hands back the same call token that was verified.", ("verify_call_token",)
    ),
    Assumption(
        "TOKEN-08",
        "Any user of the app may enter any session, unless the session was opened for certain users; the others are refused with ERR_CALL_NOT_A_PART.",
        ("create_call_token", "verify_call_token"),
    ),
    Assumption(
        "TOKEN-09",
        "SDK 5 is told to use the bridge (`p2p.enabled` false), unless the app is set otherwise.",
        ("verify_call_token",),
    ),
    Assumption("TOKEN-10", "Presenter mode is on, unless the app is set otherwise.", ("verify_call_token",)),
    # -- accounts --------------------------------------------------------------------------------------------------------
    Assumption(
        "AUTH-01", "Each request for an auth token makes a new one, with or without `force`.", ("create_auth_token",)
    ),
    Assumption("AUTH-02", "Logging out leaves the auth token good.", ("log_out",)),
    Assumption(
        "AUTH-03",
        "An authOnly key may make users and auth tokens; the pages disagree about users.",
        ("create_user", "create_auth_token"),
    ),
    Assumption(
        "AUTH-04",
        "An auth token of another app, of a deactivated user, or beyond a user's newest 100 is unknown (AUTH_ERR_AUTH_TOKEN_NOT_FOUND).",
        ("*",),
    ),
    Assumption("AUTH-05", "An address without an app (calls.localhost) takes the app from the token or key.", ("*",)),
    Assumption(
        "AUTH-06",
        "Users and groups are shown as testcall's own documents have them: the pages' answers were not all at hand. Every role is taken.",
        (
            "list_users",
            "get_user",
            "update_user",
            "see_users",
            "see_user",
            "list_groups",
            "get_group",
            "see_groups",
            "see_group",
        ),
    ),
    Assumption(
        "AUTH-07",
        "A deactivated user is as one that there isn't (ERR_UID_NOT_FOUND) until brought back; a guid that is taken is refused with ERR_GUID_ALREADY_EXISTS.",
        ("delete_user", "reactivate_users", "create_group"),
    ),
    Assumption(
        "AUTH-08",
        "The owner of a group is its only admin, all others are participants, whatever scope they were added with; private groups are seen by their members only.",
        ("add_members", "list_members", "see_groups", "see_group"),
    ),
    # -- call logs -------------------------------------------------------------------------------------------------------
    Assumption("LOGS-01", "Calls are listed newest first, 30 a page; an empty list has one page.", ("list_calls",)),
    Assumption(
        "LOGS-02",
        "A page or page size that is no number or below 1 counts as not given; at most 1000 a page.",
        ("list_calls", "list_transcriptions", "list_auth_tokens"),
    ),
    Assumption(
        "LOGS-03",
        "A filter whose value nothing has gives an empty list, no refusal; unknown parameters are ignored.",
        ("list_calls",),
    ),
    Assumption("LOGS-04", "`canceled` and `cancelled` are one status.", ("list_calls",)),
    Assumption(
        "LOGS-05",
        "An SDK sees its user's calls only; a call of others is ERR_CALL_SESSION_NOT_FOUND.",
        ("list_calls", "get_call", "list_transcriptions"),
    ),
    Assumption("LOGS-06", "Of a session id that was used again, the newest call is shown.", ("get_call",)),
    Assumption(
        "LOGS-07",
        "A session is a call log from its first entry on, status ongoing; it ends with the last exit.",
        ("list_calls", "get_call"),
    ),
    Assumption("LOGS-08", "The newest 20000 calls are kept, and those that go on.", ("list_calls",)),
    # -- telemetry and signalling over HTTP --------------------------------------------------------------------------------
    Assumption(
        "PING-01",
        "The analytics host answers any JSON object with success, whatever its authorization.",
        ("call_ping",),
    ),
    Assumption(
        "PING-02",
        "The keep-alive of the signalling socket is answered empty, with or without a good token.",
        ("xmpp_keep_alive",),
    ),
    Assumption("PING-03", "Room sizes are told to anybody.", ("room_size",)),
    # -- recordings, transcripts, webhooks -----------------------------------------------------------------------------------
    Assumption(
        "FILE-01",
        "A recording or transcript is in the call log, and webhooks are told of it, as soon as it stops; its file is served to anybody, a recording's holds no media.",
        ("get_call", "list_calls", "list_transcriptions", "get_recording", "get_transcript"),
    ),
    Assumption(
        "FILE-02",
        "A stream is no recording and leaves nothing; a transcript's file is JSON of testcall's own form.",
        ("get_call", "get_transcript"),
    ),
    Assumption(
        "HOOK-01",
        "A webhook's messages come in the order in which things happened; one that is retried holds back those behind it.",
        ("webhook",),
    ),
    Assumption(
        "HOOK-02",
        "A message is lost that was not taken at the last attempt; redirections aren't followed, and http is allowed beside https.",
        ("webhook",),
    ),
    Assumption(
        "HOOK-03",
        "Of a reject or busy, `receiver` is the caller; `id` is that of the call message; `initial_config` is what the SDK tells of itself, empty texts for the rest, absent for who tells nothing.",
        ("webhook",),
    ),
    Assumption(
        "HOOK-04",
        "A missing management key or secret is refused with AUTH_ERR_EMPTY_AUTH_HEADER, a wrong one with AUTH_ERR_NO_ACCESS; both are the account's, for all its apps.",
        (
            "create_webhook",
            "list_webhooks",
            "get_webhook",
            "update_webhook",
            "delete_webhook",
            "add_triggers",
            "list_triggers",
            "remove_triggers",
        ),
    ),
    Assumption(
        "HOOK-05",
        "A webhook is on unless it is made otherwise, and is told of nothing before it has triggers; an id that is taken and a 26th webhook are refused with ERR_BAD_REQUEST; one that is made without X-Webhook-Version takes no triggers of calls.",
        ("create_webhook", "add_triggers"),
    ),
    # -- ringing ---------------------------------------------------------------------------------------------------------
    Assumption(
        "RING-01",
        "Rejected, busy, cancelled and unanswered calls are as final as ended ones: ERR_CALL_TERMINATED.",
        ("update_call",),
    ),
    Assumption(
        "RING-02",
        "Only who rings cancels or tells of no answer, only who is rung accepts, rejects or is busy; else ERR_BAD_REQUEST.",
        ("update_call",),
    ),
    Assumption(
        "RING-03",
        "Of a group's call, a member's reject leaves it ringing, a further member may join, and the last one's leaving ends it.",
        ("update_call",),
    ),
    Assumption(
        "RING-04",
        "A group's call that goes on takes no reject any more (ERR_CALL_ONGOING_TO_INVALID); a member may leave and join again.",
        ("update_call",),
    ),
    Assumption(
        "RING-05",
        "ERR_CALL_BUSY_SELF and ERR_CALL_BUSY_GROUP mean an answered call whose session isn't over; ERR_CALL_BUSY_USER is only refused if the app is set so, else the receiver's app says busy.",
        ("initiate_call",),
    ),
    Assumption(
        "RING-06",
        "`joinedAt` may be absent when a call is ended: ERR_CALL_EMPTY_JOINED_AT never comes.",
        ("update_call",),
    ),
    Assumption(
        "RING-07",
        "All devices of all other parties hear of a change; the actor's own other devices don't; what a device missed is not sent again.",
        ("message",),
    ),
    Assumption(
        "RING-08", "The service never ends a call that rings: only the caller's SDK counts its time.", ("update_call",)
    ),
    Assumption(
        "RING-09",
        "Only the parties of a ringing call may make call tokens for its session while that lasts.",
        ("initiate_call", "create_call_token"),
    ),
    Assumption(
        "RING-10",
        "The Chat SDK's socket takes the jwt of a login; without a good one it is answered 401 and hears nothing; what isn't JSON, or comes before, closes it.",
        ("auth",),
    ),
    Assumption(
        "RING-11",
        "The Chat SDK is given these settings and no others; the rest of the real ones is not known.",
        ("me", "settings"),
    ),
    Assumption("RING-12", "The call log spells a cancelled ringing call `canceled`.", ("list_calls",)),
    Assumption(
        "RING-13",
        "A party may change a ringing call between audio and video while it isn't over; the answer is a call message, and nobody else is told.",
        ("update_call_type",),
    ),
    # -- signalling --------------------------------------------------------------------------------------------------------
    Assumption("XMPP-01", "A socket without a good call token opens, and its SASL login fails.", ("auth",)),
    Assumption(
        "XMPP-02",
        "Stream management is offered; an occupant whose socket broke is kept for 60 s.",
        ("enable", "resume"),
    ),
    Assumption("XMPP-03", "Every participant is a moderator.", ("presence",)),
    Assumption("XMPP-04", "A session takes 50 participants; the next is refused.", ("presence",)),
    Assumption(
        "XMPP-05",
        "Media is negotiated as soon as a second occupant is there, by placeholder sources and source-add.",
        ("iq",),
    ),
    Assumption(
        "XMPP-06",
        "A socket without any token may enter a session that is going on, and open none: SDK 4 shares screens through one.",
        ("auth", "presence"),
    ),
    Assumption(
        "XMPP-07",
        "A call token opens the room of its session only, and a room is made by the conference request; else a join is refused with not-allowed.",
        ("iq", "presence"),
    ),
    Assumption(
        "XMPP-08",
        "When the service ends a session for all, SDK 4 is told by its command endSessionForAll from the focus, whoever else is there by a destroyed room.",
        ("presence",),
    ),
    Assumption(
        "XMPP-09",
        "Any participant may record; the recorder joins at once; a second start is refused with unexpected-request, a stop of nothing with item-not-found.",
        ("iq",),
    ),
    Assumption(
        "XMPP-10",
        "Only moderators mute others, kick, and end a session for all; nobody can unmute another.",
        ("iq", "message"),
    ),
    Assumption("XMPP-11", "A frame may have 262144 characters, and a stream 3 failed logins.", ("error",)),
    Assumption("XMPP-12", "Media of the last participant stays until it leaves.", ("iq",)),
    Assumption(
        "XMPP-13",
        "Where two participants of SDK 5 have media peer to peer, the bridge is started for them too and stands in reserve.",
        ("iq",),
    ),
    Assumption(
        "XMPP-14",
        "Any participant may have the session transcribed; the transcriber comes at once, and leaves when nobody wants a transcript any more.",
        ("iq", "presence"),
    ),
)
"""All of them, in the order in which they are shown."""


REFUSED = frozenset({"HTTP-01", "HTTP-02", "HTTP-03"})
"""Assumptions about everywhere that show where the service refuses something, and there only."""

MARKS: dict[str, tuple[str, ...]] = {
    "TOKEN-03": ("AUTH_ERR_TOKEN_INVALID_SIGNATURE",),
    "TOKEN-04": ("ERR_EMPTY_CALL_SESSION_ID", "ERR_BAD_REQUEST"),
    "TOKEN-08": ("ERR_CALL_NOT_A_PART",),
    "TOKEN-10": ("PRESENTER_MODE_ENABLED",),
    "AUTH-04": ("AUTH_ERR_AUTH_TOKEN_NOT_FOUND",),
    "LOGS-04": ("status=cancel",),
    "LOGS-05": ("ERR_CALL_SESSION_NOT_FOUND",),
    "XMPP-04": ("service-unavailable",),
    "XMPP-05": ("session-initiate", "source-add"),
    "XMPP-06": ("(Screen)",),
    "XMPP-07": ("not-allowed",),
    "XMPP-08": ("endSessionForAll", "destroy", "'reason': 'ended'"),
    "XMPP-09": ("jibri", "recording", "streaming"),
    "XMPP-10": ("<mute", "end_conference"),
    "XMPP-12": ("source-remove",),
    "XMPP-14": ("requestingTranscription", "rayo", "Transcriber", "transcription"),
    "FILE-01": ("recordings", "transcriptions", "transcriptUrl", "transcript"),
    "FILE-02": ("recordings", "lines"),
    "HOOK-03": ("call_rejected", "call_busy", "call_initiated", "participant_joined"),
}
"""What has to stand in a message for an assumption to show in it, where its name says too little."""

SERVICE: dict[str, tuple[str, ...]] = {
    "XMPP-05": ("media_connected", "negotiation_started"),
    "XMPP-06": ("screen_share_started", "screen_share_stopped"),
    "XMPP-08": ("session_ended", "occupant_left"),
    "XMPP-09": ("recording_started", "recording_stopped", "streaming_started", "streaming_stopped"),
    "XMPP-02": ("socket_resumed",),
    "XMPP-14": ("transcription_started", "transcription_stopped"),
}
"""Decisions of the service in which an assumption shows, beside routes and stanzas."""


_SURE = {key: tuple(name for name in names if name != "occupant_left") for key, names in SERVICE.items()}
"""Of these, the decisions that need no mark."""


def behind(name: str, text: str, *, refused: bool = False) -> list[Assumption]:
    """The assumptions that show in a message or a decision of that name, with that ``text``; ``refused``: an answer that refuses."""

    def shows(one: Assumption) -> bool:
        if "*" in one.shows and one.id not in MARKS:
            return refused and one.id in REFUSED
        named = name in SERVICE.get(one.id, ()) or name in one.shows or "*" in one.shows
        return named and (name in _SURE.get(one.id, ()) or _marked(one, text))

    return [one for one in ASSUMPTIONS if shows(one)]


def _marked(one: Assumption, text: str) -> bool:
    marks = MARKS.get(one.id)
    return marks is None or any(mark in text for mark in marks)


def shown_by(name: str) -> list[Assumption]:
    """The assumptions behind a route or stanza of that name."""
    return [assumption for assumption in ASSUMPTIONS if "*" in assumption.shows or name in assumption.shows]
