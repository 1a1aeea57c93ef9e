"""What the service refuses, and how it says so.

The codes are documented (REST error guide, error codes of the Calls API). Their HTTP statuses are not, but for 429, and
neither are the texts: both are ours, see ``assumptions.py``. The envelope is the one that the SDKs' declarations show;
SDK 5 takes it only if all four members are strings.
"""

from __future__ import annotations

from collections.abc import Mapping

from testcall_simulator.http.messages import Response

STATUS_AND_TEXT: dict[str, tuple[int, str]] = {
    "AUTH_ERR_INVALID_APPID": (401, "No such app in this region."),
    "AUTH_ERR_EMPTY_APPID": (401, "The appId header is missing."),
    "AUTH_ERR_EMPTY_APIKEY": (401, "The apikey header is missing."),
    "AUTH_ERR_APIKEY_NOT_FOUND": (401, "This API key is unknown."),
    "AUTH_ERR_NO_ACCESS": (403, "This API key may not do that."),
    "AUTH_ERR_EMPTY_AUTH_TOKEN": (401, "The authToken header is missing."),
    "AUTH_ERR_AUTH_TOKEN_NOT_FOUND": (401, "This auth token is unknown."),
    "AUTH_ERR_TOKEN_INVALID_SIGNATURE": (401, "This call token is not valid."),
    "AUTH_ERR_EMPTY_AUTH_HEADER": (401, "The key or the secret is missing."),
    "ERR_WEBHOOK_NOT_FOUND": (404, "No such webhook."),
    "ERR_TRIGGER_NOT_FOUND": (404, "No such trigger."),
    "ERR_UID_NOT_FOUND": (404, "No such user."),
    "ERR_UID_ALREADY_EXISTS": (400, "A user of that uid exists."),
    "ERR_AUTH_TOKEN_NOT_FOUND": (404, "No such auth token."),
    "ERR_AUTHTOKEN_NOT_ACCESSIBLE": (403, "This auth token belongs to another user."),
    "ERR_EMPTY_CALL_SESSION_ID": (400, "The session id is empty."),
    "ERR_CALL_SESSION_NOT_FOUND": (404, "No such call session."),
    "ERR_CALL_NOT_A_PART": (403, "The user is not part of this call."),
    "ERR_CALL_TERMINATED": (400, "The call is over."),
    "ERR_CALLING_SELF": (400, "Nobody can ring themselves."),
    "ERR_CALL_BUSY_SELF": (400, "The caller is in a call already."),
    "ERR_CALL_BUSY_USER": (400, "The receiver is in another call."),
    "ERR_CALL_BUSY_GROUP": (400, "The group has a call already."),
    "ERR_BLOCKED_RECEIVER": (403, "The caller has blocked the receiver."),
    "ERR_BLOCKED_SENDER": (403, "The receiver has blocked the caller."),
    "ERR_GUID_NOT_FOUND": (404, "No such group."),
    "ERR_GUID_ALREADY_EXISTS": (400, "A group of that guid exists."),
    "ERR_NOT_A_MEMBER": (400, "The user is no member of the group."),
    "ERR_GROUP_NOT_JOINED": (403, "The user is no member of the group."),
    "ERR_CALL_INVALID_INIT": (400, "A call can't be set to initiated."),
    "ERR_CALL_NOT_STARTED": (400, "The call was not answered, so that it can't end."),
    "ERR_CALL_ONGOING_TO_INVALID": (400, "A call that goes on can't take this status."),
    "ERR_CALL_USER_ALREADY_JOINED": (400, "The call was answered already."),
    "ERR_CALL_GROUP_ALREADY_JOINED": (400, "The member is in the call already."),
    "ERR_CALL_GROUP_ALREADY_LEFT": (400, "The member has left the call already."),
    "ERR_CALL_GROUP_INVALID_STATUS": (400, "A group's call can't take this status."),
    "ERR_API_NOT_FOUND": (404, "No such path, or not with this method."),
    "ERR_BAD_REQUEST": (400, "The request does not fit."),
    "ERR_TOO_MANY_REQUESTS": (429, "Too many requests."),
    "ERR_EXCEPTION": (500, "The simulator failed; this is a defect of testcall."),
}
"""Code → (HTTP status, message)."""


class Refusal(Exception):  # noqa: N818  an answer of the service, no error of ours
    """The service says no. ``message`` replaces the usual one of the code."""

    def __init__(
        self, code: str, message: str = "", *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        known_status, text = STATUS_AND_TEXT.get(code, (400, "Refused."))
        self.code = code
        self.status = status if status is not None else known_status
        self.message = message or text
        self.headers = headers or {}
        super().__init__(f"{code}: {self.message}")

    def response(self) -> Response:
        """The error envelope."""
        error = {
            "message": self.message,
            "devMessage": self.message,
            "source": "testcall-simulator",
            "code": self.code,
        }
        return Response(self.status, {"error": error}, self.headers)
