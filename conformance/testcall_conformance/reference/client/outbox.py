"""Sends one after the other, in the order of asking. What can't be sent is logged: actions have no result to tell it by."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from testcall_conformance.reference.client.failure import CallFailure

Send = Callable[[], Coroutine[Any, Any, Any]]

logger = logging.getLogger(__name__)


class Outbox:
    """A queue of things to send, and the task that sends them."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Send | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def put(self, send: Send) -> None:
        """Send this when all that was put before has been sent."""
        self._queue.put_nowait(send)

    def start(self) -> None:
        """Begin to send."""
        self._task = asyncio.create_task(self._run(), name="outbox")

    async def drain(self) -> None:
        """Send what is there, and then no more."""
        self._queue.put_nowait(None)
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def stop(self) -> None:
        """Send no more."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while (send := await self._queue.get()) is not None:
            try:
                await send()
            except CallFailure as failure:
                logger.info("an action was not carried out: %s", failure)
