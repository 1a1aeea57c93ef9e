"""Encode a source once, to packets that can be sent for ever: Opus for audio, VP8 for video.

A clip is a loop. Audio: one second, cut from the middle of a longer encoding so that the end leads into the beginning.
Video: two seconds that begin with a key frame; a viewer that asks for one is served by starting the loop again.
Clips are cached by their source, so that a hundred peers with the same picture encode it once.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from testcall_simulator.media import marks
from testcall_simulator.media.samples import Mark
from testcall_simulator.media.sources import AudioSource, Pattern, Silence, Tone

SAMPLE_RATE = 48_000
FRAME_SAMPLES = 960
"""20 ms of Opus, the default packet time (RFC 3551 §4.2)."""
VIDEO_CLOCKRATE = 90_000
LOOP_S = 2
"""Length of a video loop in seconds."""

_AUDIO_LOOP = 50
_AUDIO_LEAD = 25


@dataclass(frozen=True, slots=True)
class AudioClip:
    """Opus packets of 20 ms each, to be looped."""

    packets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class VideoClip:
    """Encoded VP8 frames, the first a key frame, to be looped at ``fps``."""

    frames: tuple[bytes, ...]
    fps: int
    width: int
    height: int


@functools.lru_cache(maxsize=64)
def encode_audio(source: AudioSource) -> AudioClip:
    """The looped packets of a tone or of silence; about 15 ms of CPU at the first call."""
    count = _AUDIO_LEAD + _AUDIO_LOOP + 2
    samples = np.zeros(count * FRAME_SAMPLES, dtype=np.int16)
    if isinstance(source, Tone):
        amplitude = 32767 * 10 ** (source.level_dbov / 20) * math.sqrt(2)
        times = np.arange(len(samples)) / SAMPLE_RATE
        samples = np.rint(amplitude * np.sin(2 * np.pi * round(source.hz) * times)).astype(np.int16)
    codec = _opus_encoder()
    packets: list[bytes] = []
    for index in range(count):
        part = samples[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES]
        packets += [bytes(packet) for packet in codec.encode(_audio_frame(part, index))]
    return AudioClip(tuple(packets[_AUDIO_LEAD : _AUDIO_LEAD + _AUDIO_LOOP]))


def silence() -> AudioClip:
    """What a muted publisher sends."""
    return encode_audio(Silence())


def _opus_encoder() -> Any:
    codec: Any = av.CodecContext.create("libopus", "w")
    codec.bit_rate = 48_000
    codec.format = "s16"
    codec.layout = "mono"
    codec.sample_rate = SAMPLE_RATE
    codec.time_base = Fraction(1, SAMPLE_RATE)
    # "audio" keeps a tone's level and frequency; "voip" filters it. In-band FEC would make packets depend on neighbours.
    codec.options = {"application": "audio", "frame_duration": "20", "vbr": "on"}
    return codec


def _audio_frame(samples: NDArray[np.int16], index: int) -> Any:
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    frame.pts = index * FRAME_SAMPLES
    frame.time_base = Fraction(1, SAMPLE_RATE)
    return frame


@functools.lru_cache(maxsize=32)
def encode_video(pattern: Pattern, source: int) -> VideoClip:
    """The looped frames of a pattern marked with ``source`` (0 to 255); about 3 ms of CPU per frame of 640x360."""
    codec = _vp8_encoder(pattern)
    frames: list[bytes] = []
    for number in range(LOOP_S * pattern.fps):
        frame = av.VideoFrame.from_ndarray(draw_pattern(pattern, source, number), format="yuv420p")
        frame.pts = number
        frame.time_base = Fraction(1, pattern.fps)
        frames += [bytes(packet) for packet in codec.encode(frame)]
    frames += [bytes(packet) for packet in codec.encode(None)]
    return VideoClip(tuple(frames), pattern.fps, pattern.width, pattern.height)


def _vp8_encoder(pattern: Pattern) -> Any:
    codec: Any = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height = pattern.width, pattern.height
    codec.pix_fmt = "yuv420p"
    codec.time_base = Fraction(1, pattern.fps)
    codec.framerate = Fraction(pattern.fps, 1)
    codec.bit_rate = max(150_000, pattern.width * pattern.height * pattern.fps // 8)
    codec.gop_size = 3000
    codec.qmin, codec.qmax = 2, 48
    codec.thread_count = 1
    codec.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "error-resilient": "1"}
    return codec


def draw_pattern(pattern: Pattern, source: int, number: int) -> NDArray[np.uint8]:
    """Frame ``number`` as a planar YUV 4:2:0 array (height * 3 / 2, width): a sweeping bar over a ramp, mark on top."""
    width, height = pattern.width, pattern.height
    picture = np.empty((height * 3 // 2, width), dtype=np.uint8)
    luma = picture[:height]
    luma[:] = np.linspace(64, 160, width, dtype=np.uint8)
    share = number / (LOOP_S * pattern.fps)
    left = int(share * width)
    luma[:, left : left + max(8, width // 16)] = 235
    marks.draw(luma, Mark(source, number))
    chroma = picture[height:].reshape(2, -1)
    angle = 2 * math.pi * (source % 12) / 12  # twelve colours, so that peers can be told apart by eye
    chroma[0], chroma[1] = int(128 + 60 * math.cos(angle)), int(128 + 60 * math.sin(angle))
    return picture
