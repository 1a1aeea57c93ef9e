"""What the reference SDK sends: a tone and a numbered pattern, encoded once per process and then only packed.

The tone is a sine of 1 kHz at -20 dBov. The pattern is grey with a row of eight blocks at the top that spell the frame number
(mod 256) in binary, most significant first, white for one. Both loop, so sending costs no encoder.
"""

from __future__ import annotations

import asyncio
import fractions
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

WIDTH, HEIGHT, RATE = 320, 180, 10  # pixels and frames per second: small on purpose
KEY_EVERY = RATE  # a key frame each second; a request for one jumps there
LOOP_FRAMES = 4 * RATE
TONE_HZ = 1000
TONE_LEVEL_DBOV = -20.0
AUDIO_RATE = 48_000  # RFC 7587 §4.1
VIDEO_CLOCK = 90_000  # RFC 7741 §4.1
AUDIO_SAMPLES = 960  # 20 ms, RFC 3551 §4.2
BLOCKS = 8


@lru_cache(maxsize=1)
def tone_packets() -> tuple[bytes, ...]:
    """One second of the tone in Opus packets of 20 ms."""
    import av
    import numpy as np

    codec: Any = av.CodecContext.create("libopus", "w")
    codec.sample_rate = AUDIO_RATE
    codec.format = "s16"
    codec.layout = "mono"
    codec.bit_rate = 24_000
    codec.open()
    amplitude = 32767 * 10 ** (TONE_LEVEL_DBOV / 20) * 2**0.5  # dBov is of the RMS
    packets: list[bytes] = []
    for index in range(60):  # ten more than used: the encoder's start-up is left out
        times = (np.arange(AUDIO_SAMPLES) + index * AUDIO_SAMPLES) / AUDIO_RATE
        samples = (amplitude * np.sin(2 * np.pi * TONE_HZ * times)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = AUDIO_RATE
        frame.pts = index * AUDIO_SAMPLES
        packets.extend(bytes(packet) for packet in codec.encode(frame))
    return tuple(packets[5:55])


@lru_cache(maxsize=1)
def pattern_packets() -> tuple[bytes, ...]:
    """The loop of VP8 frames."""
    import av

    codec: Any = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height = WIDTH, HEIGHT
    codec.pix_fmt = "yuv420p"
    codec.time_base = fractions.Fraction(1, RATE)
    codec.bit_rate = 150_000
    codec.gop_size = KEY_EVERY
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "8",
        "lag-in-frames": "0",
        "g": str(KEY_EVERY),
        "auto-alt-ref": "0",
    }
    packets: list[bytes] = []
    for index in range(LOOP_FRAMES):
        frame = av.VideoFrame.from_ndarray(pattern(index), format="gray").reformat(format="yuv420p")
        frame.pts = index
        packets.extend(bytes(packet) for packet in codec.encode(frame))
    packets.extend(bytes(packet) for packet in codec.encode(None))
    return tuple(packets)


def pattern(number: int) -> np.ndarray[Any, Any]:
    """The picture of frame ``number``: HEIGHT × WIDTH luma samples."""
    import numpy as np

    picture = np.full((HEIGHT, WIDTH), 128, dtype=np.uint8)
    width = WIDTH // BLOCKS
    for block in range(BLOCKS):
        bit = (number >> (BLOCKS - 1 - block)) & 1
        picture[: HEIGHT // 4, block * width : (block + 1) * width] = 235 if bit else 16
    return picture


def read_mark(luma: np.ndarray[Any, Any]) -> int | None:
    """The number that the blocks of a picture spell; ``None`` when they are neither black nor white."""
    height, width = luma.shape
    number = 0
    for block in range(BLOCKS):
        left, right = (block * width) // BLOCKS, ((block + 1) * width) // BLOCKS
        inset = max((right - left) // 4, 1)
        mean = float(luma[height // 16 : height * 3 // 16 or 1, left + inset : right - inset].mean())
        if 80 < mean < 176:
            return None
        number = number << 1 | int(mean >= 176)
    return number


def tone_track() -> LoopingTrack:
    """A new audio track that plays the tone."""
    return _looping("audio", tone_packets(), AUDIO_RATE, AUDIO_SAMPLES)


def pattern_track() -> LoopingTrack:
    """A new video track that shows the pattern."""
    return _looping("video", pattern_packets(), VIDEO_CLOCK, VIDEO_CLOCK // RATE)


class LoopingTrack(Protocol):
    """A track of aiortc that plays encoded packets in a loop."""

    kind: str

    def show_key_frame(self) -> None:
        """Go on with the next key frame, for a receiver that asks for one."""

    def stop(self) -> None:
        """End the track."""


def _looping(kind: str, packets: tuple[bytes, ...], clock: int, step: int) -> LoopingTrack:
    """A track of ``packets``, one every ``step`` ticks of an RTP clock of ``clock`` Hz."""
    import av
    from aiortc import MediaStreamTrack

    period_s = step / clock
    base = fractions.Fraction(1, clock)

    class Track(MediaStreamTrack):
        def __init__(self) -> None:
            super().__init__()
            self.kind = kind
            self._sent = 0
            self._next = 0
            self._start: float | None = None

        def show_key_frame(self) -> None:
            self._next += -self._next % KEY_EVERY

        async def recv(self) -> av.Packet[Any]:
            loop = asyncio.get_running_loop()
            if self._start is None:
                self._start = loop.time()
            delay = self._start + self._sent * period_s - loop.time()
            if delay > 0:
                await asyncio.sleep(delay)
            elif delay < -1.0:  # paused or starved: go on from now instead of sending a burst
                self._start = loop.time() - self._sent * period_s
            packet = av.Packet(packets[self._next % len(packets)])
            packet.pts = self._sent * step
            packet.time_base = base
            self._sent += 1
            self._next += 1
            return packet

    return Track()
