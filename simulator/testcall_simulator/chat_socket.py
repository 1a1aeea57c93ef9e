"""The Chat SDK's socket, pure: who is connected with which device, what a frame is answered with, and whom a notice reaches.

A client opens the socket, says who it is (``auth``), and from then on only pings; everything else comes from the service. A
notice goes to every device of those it is for, and to no other app. Which frames the SDK needs, and that it compares the
code of the authentication's answer as a string, is known from running the published 4.2.0.

No sockets, no clock here: frames in, effects out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from testcall_simulator.ringing import Notice

MAX_FRAME = 262_144
"""Characters of a frame; a longer one closes the socket."""

NORMAL, UNSUPPORTED, POLICY, TOO_BIG = 1000, 1003, 1008, 1009
"""Close codes (RFC 6455 §7.4.1)."""


@dataclass(frozen=True, slots=True)
class Device:
    """A user's device that is connected: app, user, and the id that it gave itself."""

    app_id: str
    uid: str
    device_id: str


@dataclass(frozen=True, slots=True)
class Deliver:
    """Send ``frame`` (JSON-like) on a socket."""

    socket: str
    frame: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hangup:
    """Close a socket with this code."""

    socket: str
    code: int


@dataclass(frozen=True, slots=True)
class Decided:
    """Something for the trace: ``device_connected``, ``device_refused``, ``device_gone``."""

    name: str
    device: Device


Effect = Deliver | Hangup | Decided
Admit = Callable[[str, str, str], str | None]
"""``(app id, uid, jwt)`` → the app's id as the service spells it, or None when that is not who they are."""


class ChatSockets:
    """All open sockets of one service."""

    def __init__(self, admit: Admit) -> None:
        self._admit = admit
        self._devices: dict[str, Device | None] = {}

    def device_of(self, socket: str) -> Device | None:
        """Whose device a socket is; None before it has said so, and after another socket took its place."""
        return self._devices.get(socket)

    def sockets_of(self, app_id: str, uid: str) -> list[str]:
        """The sockets of a user's devices, in order of their opening."""
        return [
            name for name, device in self._devices.items() if device and (device.app_id, device.uid) == (app_id, uid)
        ]

    def opened(self, socket: str) -> None:
        """A socket is there."""
        self._devices[socket] = None

    def closed(self, socket: str) -> list[Effect]:
        """A socket is gone."""
        device = self._devices.pop(socket, None)
        return [Decided("device_gone", device)] if device is not None else []

    def received(self, socket: str, text: str | None) -> list[Effect]:
        """A frame came; None stands for a binary one."""
        if text is None:
            return [Hangup(socket, UNSUPPORTED)]
        if len(text) > MAX_FRAME:
            return [Hangup(socket, TOO_BIG)]
        frame = parsed(text)
        if frame is None:
            return [Hangup(socket, POLICY)]
        if frame.get("type") == "auth":
            return self._authenticate(socket, frame)
        if self._devices.get(socket) is None:
            return [Hangup(socket, POLICY)]
        return [Deliver(socket, {"action": "pong"})] if frame.get("action") == "ping" else []

    def tell(self, notice: Notice) -> list[Effect]:
        """``notice`` for every device of those it is for."""
        return [
            Deliver(name, call_frame(notice, device.uid))
            for name, device in self._devices.items()
            if device is not None and device.app_id == notice.app_id and device.uid in notice.to
        ]

    def _authenticate(self, socket: str, frame: Mapping[str, Any]) -> list[Effect]:
        body = frame.get("body")
        claimed = [frame.get("appId"), frame.get("sender"), frame.get("deviceId")]
        jwt = body.get("auth") if isinstance(body, dict) else None
        app_id, uid, device_id = (value if isinstance(value, str) else "" for value in claimed)
        admitted = self._admit(app_id, uid, jwt) if isinstance(jwt, str) else None
        if admitted is None:
            refused = Deliver(socket, _auth_answer(app_id, "401", "UNAUTHORIZED"))
            return [refused, Decided("device_refused", Device(app_id, uid, device_id))]
        device = Device(admitted, uid, device_id)
        self._supersede(device)
        self._devices[socket] = device
        return [Deliver(socket, _auth_answer(admitted, "200", "OK")), Decided("device_connected", device)]

    def _supersede(self, device: Device) -> None:
        """A device that comes back by a new socket hears nothing through the old one: it would ring twice."""
        for name, known in self._devices.items():
            if known == device:
                self._devices[name] = None


def parsed(text: str) -> dict[str, Any] | None:
    """The JSON object that a frame is; None when it is none."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return frame if isinstance(frame, dict) else None


def kind_of(text: str) -> str:
    """What a frame is called in the trace and in faults: its type, its action, or ``text``."""
    frame = parsed(text) or {}
    for name in ("type", "action"):
        if isinstance(frame.get(name), str):
            return str(frame[name])
    return "text"


def call_frame(notice: Notice, uid: str) -> dict[str, Any]:
    """The frame in which ``uid`` gets a call message."""
    return {
        "type": "message",
        "appId": notice.app_id,
        "receiver": notice.receiver if notice.receiver_type == "group" else uid,
        "receiverType": notice.receiver_type,
        "sender": notice.by,
        "deviceId": notice.device_id,
        "body": notice.message,
    }


def _auth_answer(app_id: str, code: str, status: str) -> dict[str, Any]:
    empty = {"receiver": "", "receiverType": "", "sender": "", "deviceId": ""}
    return {"type": "auth", "appId": app_id, **empty, "body": {"code": code, "status": status}}
