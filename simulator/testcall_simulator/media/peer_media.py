"""A virtual peer's media: its sender, and its ears and eyes at the legs of the SDK occupants."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from testcall_simulator.media.probe import OccupantProbe
from testcall_simulator.media.publisher import Publisher
from testcall_simulator.media.samples import AudioSample, VideoSample

FindProbe = Callable[[str], OccupantProbe | None]
"""The probe of the SDK occupant of a user, None while there is none."""
AwaitProbe = Callable[[str, float], Awaitable[OccupantProbe]]
"""The same, waiting at most so many seconds until there is one."""


class PeerMedia(Publisher):
    """A publisher that can also say what it receives of others, by user. Measured where the SDK's media arrives."""

    def __init__(self, *args: Any, find: FindProbe, wait: AwaitProbe, **options: Any) -> None:
        super().__init__(*args, **options)
        self._find = find
        self._wait = wait

    async def hears(self, uid: str, window_s: float) -> AudioSample:
        """What is heard of a user's SDK over a window; no frames when it is not there."""
        probe = self._find(uid)
        if probe is None:
            await asyncio.sleep(window_s)
            return AudioSample(0, window_s=window_s)
        return await probe.hears(window_s)

    async def sees(self, uid: str, window_s: float) -> VideoSample:
        """What is seen of a user's SDK over a window; no frames when it is not there."""
        probe = self._find(uid)
        if probe is None:
            await asyncio.sleep(window_s)
            return VideoSample(0, window_s=window_s)
        return await probe.sees(window_s)

    async def wait_hears(self, uid: str, min_frames: int, timeout_s: float) -> None:
        """Wait for audible frames of a user's SDK."""
        probe, left = await self._probe(uid, timeout_s)
        await probe.wait_hears(min_frames, timeout_s=left)

    async def wait_sees(self, uid: str, min_frames: int, timeout_s: float) -> None:
        """Wait for pictures of a user's SDK."""
        probe, left = await self._probe(uid, timeout_s)
        await probe.wait_sees(min_frames, timeout_s=left)

    async def wait_silent(self, uid: str, for_s: float, timeout_s: float) -> None:
        """Wait until a user's SDK has been silent for ``for_s``."""
        probe, left = await self._probe(uid, timeout_s)
        await probe.wait_silent(for_s, timeout_s=left)

    async def wait_dark(self, uid: str, for_s: float, timeout_s: float) -> None:
        """Wait until a user's SDK has sent no picture for ``for_s``."""
        probe, left = await self._probe(uid, timeout_s)
        await probe.wait_dark(for_s, timeout_s=left)

    async def _probe(self, uid: str, timeout_s: float) -> tuple[OccupantProbe, float]:
        started = asyncio.get_running_loop().time()
        probe = await self._wait(uid, timeout_s)
        return probe, timeout_s - (asyncio.get_running_loop().time() - started)
