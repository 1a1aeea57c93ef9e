"""Routes of the calls API."""

from __future__ import annotations

from testcall_simulator.http import bodies, call_logs, call_tokens
from testcall_simulator.http.route import CALL, KEY_REFUSALS, PAGE, USER_REFUSALS, Route

CALLS: tuple[Route, ...] = (
    Route(
        name="create_call_token",
        surface="call",
        method="POST",
        path="/call_tokens",
        handler=call_tokens.create_call_token,
        summary="Make a call token for the user of the authToken and a session",
        credentials=("authToken",),
        body=bodies.CREATE_CALL_TOKEN,
        answers={"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}},
        refusals=(*USER_REFUSALS, "ERR_EMPTY_CALL_SESSION_ID", "ERR_BAD_REQUEST", "ERR_CALL_NOT_A_PART"),
    ),
    Route(
        name="verify_call_token",
        surface="call",
        method="GET",
        path="/call_tokens",
        handler=call_tokens.verify_call_token,
        summary="Verify a call token; answers what a session needs to begin (SDK 4; SDK 5 with configVersion)",
        credentials=("callToken",),
        query={"configVersion": {"type": "integer", "minimum": 1}},
        answers={"type": "object", "required": ["callToken", "settings"]},
        refusals=("AUTH_ERR_TOKEN_INVALID_SIGNATURE", "AUTH_ERR_INVALID_APPID", "ERR_CALL_NOT_A_PART"),
    ),
    Route(
        name="list_calls",
        surface="call",
        method="GET",
        path="/calls",
        handler=call_logs.list_calls,
        summary="List calls: the user's own for an authToken, the app's for an apikey",
        credentials=("authToken", "apikey"),
        query={
            **PAGE,
            "type": {"enum": ["audio", "video"]},
            "mode": {"enum": ["call", "meet", "presenter"]},
            "direction": {"enum": ["incoming", "outgoing"]},
            **{
                name: {"type": "string"}
                for name in call_logs.FILTERS
                if name not in ("type", "mode", "hasRecording", "hasTranscription")
            },
            "hasRecording": {"type": "boolean"},
            "hasTranscription": {"type": "boolean"},
        },
        answers={"type": "array", "items": CALL},
        refusals=(*USER_REFUSALS, *KEY_REFUSALS, "ERR_UID_NOT_FOUND"),
    ),
    Route(
        name="get_call",
        surface="call",
        method="GET",
        path="/calls/{sessionId}",
        handler=call_logs.get_call,
        summary="One call: an object for an apikey, a list of one for an authToken",
        credentials=("authToken", "apikey"),
        answers={"oneOf": [CALL, {"type": "array", "items": CALL}]},
        refusals=(*USER_REFUSALS, *KEY_REFUSALS, "ERR_UID_NOT_FOUND", "ERR_CALL_SESSION_NOT_FOUND"),
    ),
    Route(
        name="list_transcriptions",
        surface="call",
        method="GET",
        path="/calls/{sessionId}/transcriptions",
        handler=call_logs.list_transcriptions,
        summary="Transcriptions of a call",
        credentials=("authToken", "apikey"),
        query=PAGE,
        answers={"type": "array", "items": {"type": "object"}},
        refusals=(*USER_REFUSALS, *KEY_REFUSALS, "ERR_UID_NOT_FOUND", "ERR_CALL_SESSION_NOT_FOUND"),
    ),
)
