"""The two directions of one signalling socket at the edge: frames out in order, faults on both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from testcall_simulator.clock import Clock
from testcall_simulator.faults import Fault
from testcall_simulator.xmpp.faulty import Break, Lane, Pass, Passage, spoiled

if TYPE_CHECKING:
    from starlette.websockets import WebSocket


class Line:
    """One socket."""

    def __init__(self, ws: WebSocket, clock: Clock) -> None:
        self._ws = ws
        self._clock = clock
        self._frames: asyncio.Queue[Passage | int] = asyncio.Queue()
        self._in, self._out = Lane(), Lane()
        self._ending = False

    def incoming(self, text: str, faults: Sequence[Fault]) -> list[Passage]:
        """What becomes of a frame that came in."""
        return self._in.take(text, faults)

    def put(self, text: str, faults: Sequence[Fault]) -> None:
        """Send a frame after those before it."""
        if not self._ending:
            for passage in self._out.take(text, faults):
                self._frames.put_nowait(passage)

    def hang_up(self, code: int = 1000) -> None:
        """Close after all that was put before."""
        if not self._ending:
            self._ending = True
            self._frames.put_nowait(code)

    def cut(self) -> None:
        """Break the connection below the WebSocket; where the server gives no access to it, close it as failed (1011)."""
        transport = getattr(getattr(self._ws._send, "__self__", None), "transport", None)
        if transport is None:
            self.hang_up(1011)
        else:
            transport.abort()

    async def write(self) -> None:
        """Send what is put until the line is hung up or broken."""
        while True:
            passage = await self._frames.get()
            try:
                if isinstance(passage, int):
                    await self._ws.close(passage)
                    return
                if isinstance(passage, Break):
                    self.cut()
                    return
                if isinstance(passage, Pass) and passage.delay_s:
                    await self._clock.sleep(passage.delay_s)
                text = passage.text if isinstance(passage, Pass) else spoiled(passage.text, passage.condition)
                await self._ws.send_text(text)
            except (RuntimeError, OSError):
                return
