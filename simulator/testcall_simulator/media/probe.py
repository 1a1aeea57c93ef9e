"""What an occupant sends, measured: decoded only while somebody asks.

Audio is decoded in the event loop (40 µs a packet), video in one thread for the whole process (0.3 to 2 ms a frame). Frames
count when they are complete and decodable: presence, silence and freeze are read here, latency is not (that is the RTP
layer's, see :mod:`.reception`).
"""

from __future__ import annotations

import asyncio
import functools
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import av
import numpy as np
from aiortc.codecs.h264 import h264_depayload
from numpy.typing import NDArray

from testcall_contract.trace import TraceTimeoutError
from testcall_simulator.media import marks, rtp
from testcall_simulator.media.encoding import SAMPLE_RATE
from testcall_simulator.media.rtp import RtpPacket
from testcall_simulator.media.samples import AudioSample, Mark, VideoSample
from testcall_simulator.media.sources import SILENCE_DBOV

AUDIBLE_DBOV = -60.0
"""A frame louder than this is sound (facts on mute: silence is below -60 dBov)."""

_PATIENCE = 45_000
"""RTP time (90 kHz) that is waited for a missing packet: half a second, several round trips of a retransmission."""
_EARLY_LIMIT = 400

_BACKLOG = 30
"""Video frames that may wait for the decoder; more are dropped until the next key frame."""


@dataclass(frozen=True, slots=True)
class HeardFrame:
    """20 ms of decoded audio: mono samples and their level."""

    samples: NDArray[np.int16]
    level_dbov: float


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """One decoded picture."""

    width: int
    height: int
    mark: Mark | None
    at_s: float


def level_dbov(samples: NDArray[Any]) -> float:
    """RMS of 16-bit samples in dBov (RFC 6465 §A), -127 for silence."""
    if not len(samples):
        return SILENCE_DBOV
    mean = float(np.mean(np.square(samples.astype(np.float64))))
    return max(SILENCE_DBOV, 10 * math.log10(mean / 32767**2)) if mean > 0 else SILENCE_DBOV


def dominant_frequency(samples: NDArray[np.int16]) -> float | None:
    """The strongest frequency in Hz, from 50 Hz up, to about 1 Hz; None for less than 100 ms or for silence."""
    if len(samples) < SAMPLE_RATE // 10 or level_dbov(samples) <= AUDIBLE_DBOV:
        return None
    spectrum = np.log(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) + 1e-9)
    lowest = math.ceil(50 * len(samples) / SAMPLE_RATE)
    peak = lowest + int(np.argmax(spectrum[lowest:-1]))
    # The top of the parabola through three bins: a tone seldom lies in the middle of one.
    left, middle, right = (float(value) for value in spectrum[peak - 1 : peak + 2])
    bend = left - 2 * middle + right
    shift = (left - right) / (2 * bend) if bend else 0.0
    return (peak + shift) * SAMPLE_RATE / len(samples)


class AudioDecoder:
    """Opus packets to frames of 20 ms."""

    def __init__(self) -> None:
        self._codec: Any = av.CodecContext.create("libopus", "r")
        self._codec.format, self._codec.layout, self._codec.sample_rate = "s16", "stereo", SAMPLE_RATE

    def decode(self, packet: RtpPacket) -> list[HeardFrame]:
        """Frames of one packet; none when it can't be decoded."""
        try:
            frames = self._codec.decode(av.Packet(packet.payload))
        except av.FFmpegError:
            return []
        # The level is that of both channels; only the frequency is looked for in their mean.
        both = [np.asarray(frame.to_ndarray()).reshape(-1, 2) for frame in frames]
        return [HeardFrame(samples.mean(axis=1).astype(np.int16), level_dbov(samples)) for samples in both]


class FrameAssembler:
    """Packets to encoded frames, in order.

    A packet that is late is waited for; after one that never came, nothing comes out until the next key frame.
    """

    def __init__(self) -> None:
        self.broken = True
        """Whether a key frame is needed to go on."""
        self._next = -1
        self._parts: list[bytes] = []
        self._early: dict[int, RtpPacket] = {}

    def add(self, codec: str, packet: RtpPacket) -> list[bytes]:
        """The frames that this packet completes."""
        if self._next < 0 or (self.broken and rtp.key_frame(codec, packet.payload) is not None):
            self._next = packet.sequence_number
            self._early.clear()
        if packet.sequence_number != self._next:
            if rtp.newer(packet.sequence_number, self._next) and not self.broken:
                self._early[packet.sequence_number] = packet
                self._give_up(packet.timestamp)
            return []
        frames = []
        following: RtpPacket | None = packet
        while following is not None:
            frame = self._take(codec, following)
            if frame is not None:
                frames.append(frame)
            following = self._early.pop(self._next, None)
        return frames

    def _take(self, codec: str, packet: RtpPacket) -> bytes | None:
        self._next = (packet.sequence_number + 1) & 0xFFFF
        if self.broken:
            if rtp.key_frame(codec, packet.payload) is None:
                return None
            self.broken = False
            self._parts = []
        part = _depayload(codec, packet.payload)
        if part is None:
            self.reset()
            return None
        self._parts.append(part)
        if not packet.marker:
            return None
        frame, self._parts = b"".join(self._parts), []
        return frame

    def _give_up(self, timestamp: int) -> None:
        oldest = min(
            (early.timestamp for early in self._early.values()), key=lambda early: -((timestamp - early) & 0xFFFFFFFF)
        )
        if (timestamp - oldest) & 0xFFFFFFFF > _PATIENCE or len(self._early) > _EARLY_LIMIT:
            self.reset()

    def reset(self) -> None:
        """Forget what was gathered; wait for a key frame."""
        self.broken = True
        self._next = -1
        self._parts = []
        self._early.clear()


def _depayload(codec: str, payload: bytes) -> bytes | None:
    if codec == "VP8":
        parsed = rtp.vp8_payload(payload)
        return None if parsed is None else parsed[1]
    try:
        data: bytes = h264_depayload(payload)
    except ValueError:
        return None
    return data


class VideoDecoder:
    """Encoded frames to what is seen in them; decodes in the process's decoder thread."""

    def __init__(self, deliver: Callable[[SeenFrame | None], None]) -> None:
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._codec: Any = None
        self._name = ""
        self._waiting = 0

    def decode(self, codec: str, frame: bytes) -> bool:
        """Queue a frame; False when too many wait and it was dropped. ``deliver(None)`` means that it was undecodable."""
        if self._waiting >= _BACKLOG:
            return False
        self._waiting += 1
        _decoder_thread().submit(self._work, codec, frame)
        return True

    def _work(self, codec: str, data: bytes) -> None:
        seen: list[SeenFrame | None] = []
        try:
            if codec != self._name:
                self._codec = av.CodecContext.create("libvpx" if codec == "VP8" else "h264", "r")
                self._name = codec
            for frame in self._codec.decode(av.Packet(data)):
                plane = frame.planes[0]
                luma = np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
                seen.append(SeenFrame(frame.width, frame.height, marks.read(luma), self._loop.time()))
        except av.FFmpegError:
            seen.append(None)
        try:
            self._loop.call_soon_threadsafe(self._done, seen)
        except RuntimeError:
            return  # the loop is closed: nobody is interested any more

    def _done(self, seen: list[SeenFrame | None]) -> None:
        self._waiting -= 1
        for frame in seen:
            self._deliver(frame)


@functools.cache
def _decoder_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="testcall-decoder")


class OccupantProbe:
    """Ears and eyes at the service's end of one occupant's media.

    ``request_key_frame`` is called when video can't go on without one. Counters run only while something decodes.
    """

    def __init__(self, nick: str, request_key_frame: Callable[[], None]) -> None:
        self.nick = nick
        self._request_key_frame = request_key_frame
        self._asking = {"audio": 0, "video": 0}
        self._ears: set[Callable[[HeardFrame], None]] = set()
        self._eyes: set[Callable[[SeenFrame], None]] = set()
        self._audio: AudioDecoder | None = None
        self._assembler = FrameAssembler()
        self._video: VideoDecoder | None = None

    # --- fed by the bridge

    def audio_packet(self, packet: RtpPacket) -> None:
        """An Opus packet arrived."""
        if not self._asking["audio"]:
            return
        if self._audio is None:
            self._audio = AudioDecoder()
        for frame in self._audio.decode(packet):
            for ear in tuple(self._ears):
                ear(frame)

    def video_packet(self, codec: str, packet: RtpPacket) -> None:
        """A VP8 or H.264 packet arrived."""
        if not self._asking["video"]:
            return
        was_whole = not self._assembler.broken
        for frame in self._assembler.add(codec, packet):
            if self._video is None:
                self._video = VideoDecoder(self._seen)
            if not self._video.decode(codec, frame):
                self._assembler.reset()
        if self._assembler.broken and was_whole:
            self._request_key_frame()

    def _seen(self, frame: SeenFrame | None) -> None:
        if frame is None:
            self._assembler.reset()
            self._request_key_frame()
            return
        for eye in tuple(self._eyes):
            eye(frame)

    @contextmanager
    def hearing(self, ear: Callable[[HeardFrame], None]) -> Iterator[None]:
        """Decode audio, and call ``ear`` with each frame, for the length of the block."""
        self._asking["audio"] += 1
        self._ears.add(ear)
        try:
            yield
        finally:
            self._ears.discard(ear)
            self._asking["audio"] -= 1
            if not self._asking["audio"]:
                self._audio = None

    @contextmanager
    def seeing(self, eye: Callable[[SeenFrame], None]) -> Iterator[None]:
        """Decode video, and call ``eye`` with each frame, for the length of the block."""
        if not self._asking["video"]:
            self._assembler = FrameAssembler()
        self._asking["video"] += 1
        self._eyes.add(eye)
        self._request_key_frame()
        try:
            yield
        finally:
            self._eyes.discard(eye)
            self._asking["video"] -= 1
            if not self._asking["video"]:
                self._video = None

    # --- measured over a window

    async def hears(self, window_s: float) -> AudioSample:
        """What is heard from now on for ``window_s`` seconds."""
        frames: list[HeardFrame] = []
        with self.hearing(frames.append):
            await asyncio.sleep(window_s)
        if not frames:
            return AudioSample(0, window_s=window_s)
        samples = np.concatenate([frame.samples for frame in frames])
        power = sum(10 ** (frame.level_dbov / 10) for frame in frames) / len(frames)
        return AudioSample(
            frames=len(frames),
            level_dbov=max(SILENCE_DBOV, 10 * math.log10(power)),
            peak_dbov=max(frame.level_dbov for frame in frames),
            frequency_hz=dominant_frequency(samples),
            window_s=window_s,
        )

    async def sees(self, window_s: float) -> VideoSample:
        """What is seen from now on for ``window_s`` seconds."""
        frames: list[SeenFrame] = []
        with self.seeing(frames.append):
            await asyncio.sleep(window_s)
        if not frames:
            return VideoSample(0, window_s=window_s)
        last = frames[-1]
        spread = last.at_s - frames[0].at_s
        fps = (len(frames) - 1) / spread if spread > 0 else 0.0
        mark = next((frame.mark for frame in reversed(frames) if frame.mark is not None), None)
        return VideoSample(len(frames), last.width, last.height, fps, mark, window_s)

    # --- waited for

    async def wait_hears(
        self, min_frames: int = 1, *, timeout_s: float, above_dbov: float = AUDIBLE_DBOV
    ) -> list[HeardFrame]:
        """The first ``min_frames`` frames louder than ``above_dbov``; :class:`TraceTimeoutError` when they don't come."""
        return await self._gather("hearing", min_frames, timeout_s, lambda frame: frame.level_dbov > above_dbov)

    async def wait_sees(self, min_frames: int = 1, *, timeout_s: float) -> list[SeenFrame]:
        """The first ``min_frames`` decoded pictures; :class:`TraceTimeoutError` when they don't come."""
        return await self._gather("seeing", min_frames, timeout_s, lambda frame: True)

    async def wait_silent(self, for_s: float, *, timeout_s: float, above_dbov: float = AUDIBLE_DBOV) -> None:
        """Return once nothing was audible for ``for_s`` seconds; :class:`TraceTimeoutError` when sound goes on."""
        await self._quiet("hearing", for_s, timeout_s, lambda frame: frame.level_dbov > above_dbov)

    async def wait_dark(self, for_s: float, *, timeout_s: float) -> None:
        """Return once no picture came for ``for_s`` seconds; :class:`TraceTimeoutError` when they go on."""
        await self._quiet("seeing", for_s, timeout_s, lambda frame: True)

    async def _gather(
        self, sense: Literal["hearing", "seeing"], count: int, timeout_s: float, counts: Callable[[Any], bool]
    ) -> list[Any]:
        loop = asyncio.get_running_loop()
        started = loop.time()
        frames: list[Any] = []
        enough: asyncio.Future[None] = loop.create_future()

        def take(frame: Any) -> None:
            if counts(frame):
                frames.append(frame)
                if len(frames) >= count and not enough.done():
                    enough.set_result(None)

        with self.hearing(take) if sense == "hearing" else self.seeing(take):
            try:
                await asyncio.wait_for(enough, timeout_s)
            except TimeoutError:
                what = (
                    f"{count} {'audible' if sense == 'hearing' else 'video'} frames of {self.nick} ({len(frames)} came)"
                )
                raise TraceTimeoutError(what, timeout_s, loop.time() - started) from None
        return frames

    async def _quiet(
        self, sense: Literal["hearing", "seeing"], for_s: float, timeout_s: float, disturbs: Callable[[Any], bool]
    ) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        disturbed = asyncio.Event()

        def notice(frame: Any) -> None:
            if disturbs(frame):
                disturbed.set()

        with self.hearing(notice) if sense == "hearing" else self.seeing(notice):
            while (left := started + timeout_s - loop.time()) >= for_s:
                disturbed.clear()
                try:
                    await asyncio.wait_for(disturbed.wait(), min(for_s, left))
                except TimeoutError:
                    return
        what = f"{'silence' if sense == 'hearing' else 'no video'} of {self.nick} for {for_s:g} s"
        raise TraceTimeoutError(what, timeout_s, loop.time() - started)
