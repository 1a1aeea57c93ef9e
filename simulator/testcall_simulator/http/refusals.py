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
    "ERR_UID_NOT_FOUND": (404, "No such user."),
    "ERR_UID_ALREADY_EXISTS": (400, "A user of that uid exists."),
    "ERR_AUTH_TOKEN_NOT_FOUND": (404, "No such auth token."),
    "ERR_AUTHTOKEN_NOT_ACCESSIBLE": (403, "This auth token belongs to another user."),
    "ERR_EMPTY_CALL_SESSION_ID": (400, "The session id is empty."),
    "ERR_CALL_SESSION_NOT_FOUND": (404, "No such call session."),
    "ERR_CALL_NOT_A_PART": (403, "The user is not part of this call."),
    "ERR_CALL_TERMINATED": (400, "The call is over."),
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
