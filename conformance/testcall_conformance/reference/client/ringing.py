"""The ringing client: a user's device that rings, is rung, and hears of it over a socket. Concepts only, no dialect.

What is sent and what comes back is what the Chat SDK for JavaScript 4 sends and gets: HTTP for what one does, frames for what
others do. How long a call rings is counted here, by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from testcall_conformance.reference.client import wire_v5
from testcall_conformance.reference.client.clock import Timer, Timers
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.http import CallApi
from testcall_conformance.reference.client.model import Event, Service, User
from testcall_conformance.reference.client.ringing_socket import RingingSocket

RING_S = 45.0
"""A call rings so many seconds when nothing else is asked for (Ringing, "Initiate Call")."""

_FINAL = frozenset({"rejected", "busy", "cancelled", "unanswered", "ended"})


@dataclass(frozen=True, slots=True)
class RingingCall:
    """A ringing call as a message of the service tells it.

    ``by`` caused the status; ``caller`` and ``receiver`` are the service's objects of users or groups; times are epoch seconds.
    """

    session_id: str
    status: str
    type: str
    receiver_type: str
    by: Mapping[str, Any] = field(default_factory=dict)
    caller: Mapping[str, Any] = field(default_factory=dict)
    receiver: Mapping[str, Any] = field(default_factory=dict)
    initiated_at: int | None = None
    joined_at: int | None = None
    metadata: Mapping[str, Any] | None = None
    message_id: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing can follow."""
        return self.status in _FINAL


def read_call(message: Any) -> RingingCall:
    """The call that a call message of the service is about; :class:`CallFailure` ``bad_response`` when it is none."""
    try:
        data = message["data"]
        entities = data["entities"]
        about = entities["on"]["entity"]
        return RingingCall(
            session_id=str(about["sessionid"]),
            status=str(about["status"]),
            type=str(message.get("type", "")),
            receiver_type=str(message.get("receiverType", "user")),
            by=entities["by"]["entity"],
            caller=about["data"]["entities"]["sender"]["entity"],
            receiver=entities.get("for", {}).get("entity", {}),
            initiated_at=about.get("initiatedAt"),
            joined_at=about.get("joinedAt"),
            metadata=data.get("metadata"),
            message_id=str(message.get("id", "")),
        )
    except (KeyError, TypeError, AttributeError):
        raise CallFailure("bad_response", "the service's answer is no call message") from None


class RingingClient:
    """One device of one user. ``on_event`` gets every event; ``gives_up_as`` is the status by which an unanswered call ends."""

    def __init__(self, *, timers: Timers | None = None, gives_up_as: str = "unanswered") -> None:
        self.on_event: Callable[[Event], None] = lambda _event: None
        self.user: User | None = None
        self.active: RingingCall | None = None
        """The call in which the device is, from ringing or accepting to its end."""
        self.gives_up_as = gives_up_as
        self._timers = timers or Timers()
        self._api: CallApi | None = None
        self._socket: RingingSocket | None = None
        self._timer: Timer | None = None
        self._settings: Mapping[str, Any] = {}
        self._device = f"testcall-{uuid4()}"

    @property
    def initialized(self) -> bool:
        """Whether the service is known."""
        return self._api is not None

    async def initialize(self, service: Service) -> None:
        """Take the service to speak to: ``api`` and ``client`` are needed. No request is made."""
        if self._api is not None:
            await self._api.close()
        self._api = CallApi(service)

    async def login(self, uid: str, auth_key: str) -> User:
        """Log in with the app's key, and connect: returns once the service knows the device."""
        api = self._service()
        return await self._logged_in(await wire_v5.login_with_key(api, uid, auth_key))

    async def login_with_token(self, auth_token: str) -> User:
        """Log in with an auth token, and connect."""
        api = self._service()
        return await self._logged_in(await wire_v5.login_with_token(api, auth_token))

    async def initiate(
        self,
        receiver: str,
        type: str = "video",
        receiver_type: str = "user",
        *,
        metadata: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
    ) -> RingingCall:
        """Ring a user or a group; the call is active until it is over. ``timeout_s``: how long it rings."""
        if self.active is not None:
            raise CallFailure("call_in_progress", "a call is active already")
        extra = {} if metadata is None else {"metadata": dict(metadata), "data": {"metadata": dict(metadata)}}
        told = {"type": type, "receiverType": receiver_type, "category": "call", "status": "initiated"}
        call = await self._ask("POST", "calls", {**told, **extra, "receiver": receiver})
        self.active = call
        usable = timeout_s is not None and not isnan(timeout_s) and timeout_s >= 1
        seconds = float(int(timeout_s)) if timeout_s is not None and usable else RING_S
        self._timer = self._timers.after(seconds * 1000, lambda: self._expired(call))
        return call

    async def accept(self, session_id: str) -> RingingCall:
        """Accept an incoming call, which is active from then on."""
        if self.active is not None:
            raise CallFailure("call_in_progress", "a call is active already")
        self.active = await self.change(session_id, "ongoing")
        return self.active

    async def reject(self, session_id: str, status: str = "rejected") -> RingingCall:
        """Reject an incoming call, be ``busy``, or take back (``cancelled``) an outgoing one."""
        call = await self.change(session_id, status)
        if status == "cancelled":
            self._over(session_id)
        return call

    async def end(self, session_id: str) -> RingingCall:
        """End a call that goes on."""
        call = await self.change(session_id, "ended")
        self._over(session_id)
        return call

    async def change(self, session_id: str, status: str) -> RingingCall:
        """Ask the service to take a call to a status."""
        return await self._ask("PUT", f"calls/{quote(session_id, safe='')}", {"status": status})

    def clear_active(self) -> None:
        """Forget the active call; the service hears nothing of it."""
        self.active = None
        self._stop_timer()

    async def participants(self, session_id: str, kind: str = "default") -> int:
        """How many are in a session: one that was rung (``default``), or one that was joined by a short id (``direct``)."""
        service, host = self._service().service, str(self._settings.get("WEBRTC_HOST", ""))
        room = f"v1.{service.region}.{service.app_id}.{session_id}".lower() if kind.lower() == "direct" else session_id
        where = f"https://{self._settings.get('WEBRTC_API_SUBDOMAIN')}.{host}/room-size"
        answer = await self._service().request("GET", f"{where}?{urlencode({'domain': host, 'room': room})}", {})
        found = answer.get("participants", 0)
        return found if isinstance(found, int) else 0

    async def close(self) -> None:
        """Disconnect and release everything."""
        self.clear_active()
        if self._socket is not None:
            await self._socket.close()
        if self._api is not None:
            await self._api.close()

    # --- inside ---

    def _service(self) -> CallApi:
        if self._api is None:
            raise CallFailure("sdk_not_initialized", "initialise first")
        return self._api

    async def _logged_in(self, user: User) -> User:
        api = self._service()
        headers = self._headers(user)
        me = await api.data("GET", api.service.url(api.service.client, "me"), headers)
        self._settings = await api.data("GET", api.service.url(api.service.client, "settings"), headers)
        if self._socket is not None:
            await self._socket.close()
        host, port = self._settings.get("CHAT_HOST"), self._settings.get("CHAT_WSS_PORT")
        self._socket = RingingSocket(f"wss://{host}:{port}/", api.service.ca, self._heard)
        await self._socket.open(api.service.app_id, user.uid, self._device, str(me.get("jwt") or user.jwt))
        self.user = user
        return user

    def _headers(self, user: User) -> dict[str, str]:
        return {"authToken": user.auth_token, "appId": self._service().service.app_id, "resource": self._device}

    async def _ask(self, method: str, path: str, body: Mapping[str, Any]) -> RingingCall:
        api = self._service()
        if self.user is None:
            raise CallFailure("not_logged_in", "log in first")
        return read_call(
            await api.data(method, api.service.url(api.service.client, path), self._headers(self.user), body)
        )

    def _heard(self, message: Mapping[str, Any]) -> None:
        """A frame of the service: others did something."""
        try:
            call = read_call(message)
        except CallFailure:
            return
        mine = self.user is not None and call.caller.get("uid") == self.user.uid
        name = _event(call, mine=mine)
        if name is None:
            return
        if call.status == "ongoing" and self._is_active(call.session_id):
            self._stop_timer()
        elif call.is_over and not (call.receiver_type == "group" and call.status in ("rejected", "busy")):
            self._over(call.session_id)
        self.on_event(Event(name, {"call": call}))

    def _is_active(self, session_id: str) -> bool:
        return self.active is not None and self.active.session_id == session_id

    def _over(self, session_id: str) -> None:
        if self._is_active(session_id):
            self.clear_active()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _expired(self, call: RingingCall) -> None:
        """Nobody answered: tell the service, then the application."""
        assert self._socket is not None
        self._socket.background(self._give_up(call))

    async def _give_up(self, call: RingingCall) -> None:
        try:
            given_up = await self.change(call.session_id, self.gives_up_as)
        except CallFailure:
            return
        finally:
            self._over(call.session_id)
        self.on_event(Event("outgoing_call_rejected", {"call": given_up}))


def _event(call: RingingCall, *, mine: bool) -> str | None:
    """The event that a status is; None for what concerns only the other side. ``mine``: it is the own outgoing call."""
    match call.status:
        case "initiated":
            return None if mine else "incoming_call"
        case "ongoing":
            return "outgoing_call_accepted" if mine else None
        case "rejected" | "busy":
            return "outgoing_call_rejected" if mine else None
        case "cancelled" | "unanswered":
            return None if mine else "incoming_call_cancelled"
        case "ended":
            return "call_ended_message"
    return None
