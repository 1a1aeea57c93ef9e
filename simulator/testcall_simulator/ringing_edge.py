"""The ringing service's edge: WebSockets in, frames out, faults and the trace. No rule is here.

What is said to whom is decided in :mod:`testcall_simulator.chat_socket`, what becomes of a call in
:mod:`testcall_simulator.ringing`. Frames of one socket leave in order through one queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import orjson

from testcall_contract.trace import Trace
from testcall_simulator.chat_socket import ChatSockets, Decided, Deliver, Effect, Hangup, kind_of, parsed
from testcall_simulator.clock import Clock
from testcall_simulator.errors import SimulatorError
from testcall_simulator.faults import Fault, Faults, Message
from testcall_simulator.ringing import Notice
from testcall_simulator.signalling_lines import Line
from testcall_simulator.world import World
from testcall_simulator.xmpp.faulty import Break, Pass

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

_FAREWELL_S = 0.5
"""How long sockets may take to be closed when the simulator stops."""


class RingingService:
    """The sockets of one simulator's Chat SDKs. Lives in one event loop; :meth:`tell` may be called from any thread."""

    def __init__(self, world: World, trace: Trace, clock: Clock, faults: Faults) -> None:
        self.core = ChatSockets(self._admit)
        """Who is connected, and every decision."""
        self._world = world
        self._trace = trace
        self._clock = clock
        self._faults = faults
        self._lines: dict[str, Line] = {}
        self._writers: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._count = 0

    async def websocket(self, ws: WebSocket) -> None:
        """Serve one socket until it closes. ``ws`` isn't accepted yet."""
        await ws.accept()
        self._loop = asyncio.get_running_loop()
        self._count += 1
        name = f"chat{self._count}"
        line = self._lines[name] = Line(ws, self._clock)
        self.core.opened(name)
        writer = asyncio.create_task(line.write(), name=f"ringing {name}")
        self._writers.add(writer)
        writer.add_done_callback(self._writers.discard)
        try:
            await self._read(name, ws, line)
        finally:
            self._carry_out(self.core.closed(name))
            del self._lines[name]
            writer.cancel()

    async def _read(self, name: str, ws: WebSocket, line: Line) -> None:
        while True:
            message = await ws.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                self._carry_out(self.core.received(name, None))
                continue
            faults = self._strike(name, "in", text)
            self._record(name, "in", text, faults)
            for passage in line.incoming(text, faults):
                if isinstance(passage, Break):
                    line.cut()
                elif isinstance(passage, Pass):
                    if passage.delay_s:
                        await self._clock.sleep(passage.delay_s)
                    self._carry_out(self.core.received(name, passage.text))

    def tell(self, notice: Notice) -> None:
        """Put a notice on its way; it leaves after what the running task does next without waiting."""
        about = {"app": notice.app_id, "session": _session_of(notice.message), "uid": notice.by}
        self._trace.add(
            "wire", "service", "call_status", channel="service", status=notice.message["data"]["action"], **about
        )
        if self._loop is None or self._loop.is_closed():
            return
        if _running_loop() is self._loop:
            self._carry_out(self.core.tell(notice))
        else:
            self._loop.call_soon_threadsafe(lambda: self._carry_out(self.core.tell(notice)))

    def drop(self, app_id: str, uid: str) -> None:
        """Break the sockets of a user's devices, as a network that fails does."""
        sockets = self.core.sockets_of(app_id, uid)
        if not sockets:
            raise SimulatorError(f"user {uid} of app {app_id} has no connected device")
        for name in sockets:
            self._lines[name].cut()

    async def close(self) -> None:
        """End all sockets."""
        for line in self._lines.values():
            line.hang_up(1001)
        if self._writers:
            await asyncio.wait(self._writers, timeout=_FAREWELL_S)

    def _admit(self, app_id: str, uid: str, jwt: str) -> str | None:
        user = self._world.read_user_jwt(jwt)
        if user is None or user.uid != uid.lower() or user.app_id.lower() != app_id.lower():
            return None
        return user.app_id

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Deliver(socket, frame):
                    if (line := self._lines.get(socket)) is not None:
                        text = orjson.dumps(frame).decode()
                        faults = self._strike(socket, "out", text)
                        self._record(socket, "out", text, faults)
                        line.put(text, faults)
                case Hangup(socket, code):
                    if (line := self._lines.get(socket)) is not None:
                        line.hang_up(code)
                case Decided(name, device):
                    about = {"app": device.app_id, "uid": device.uid, "device": device.device_id}
                    self._trace.add("wire", "service", name, channel="service", **about)

    def _strike(self, socket: str, direction: Literal["in", "out"], text: str) -> list[Fault]:
        if not self._faults:
            return []
        device = self.core.device_of(socket)
        session = _session_of((parsed(text) or {}).get("body"))
        uid = device.uid if device is not None else None
        return self._faults.strike(Message("chat", kind_of(text), direction, uid, session, text))

    def _record(self, socket: str, direction: Literal["in", "out"], text: str, faults: Sequence[Fault]) -> None:
        device = self.core.device_of(socket)
        frame = parsed(text)
        about: dict[str, Any] = {
            "uid": device.uid if device is not None else None,
            "session": _session_of((frame or {}).get("body")),
            "faults": [fault.does for fault in faults] or None,
        }
        self._trace.add(
            "wire",
            (about["uid"] or "unknown") if direction == "in" else "service",
            kind_of(text),
            channel="chat",
            direction=direction,
            frame=frame if frame is not None else text,
            socket=socket,
            **{name: value for name, value in about.items() if value is not None},
        )


def _session_of(message: Any) -> str | None:
    """The session that a call message is about; None for anything else."""
    try:
        session = message["data"]["entities"]["on"]["entity"]["sessionid"]
    except (TypeError, KeyError, IndexError):
        return None
    return session if isinstance(session, str) else None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
