"""Media of a virtual peer: clips encoded once, sent for ever as RTP with SSRCs of its own.

A publisher keeps time with the event loop's timers: each packet has its instant, counted from the start, so that lateness
never adds up. It hands packets to ``deliver`` and knows nothing of legs.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import Any, Literal

from testcall_simulator.jingle_sources import NamedSource
from testcall_simulator.media import rtp
from testcall_simulator.media.encoding import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    VIDEO_CLOCKRATE,
    AudioClip,
    VideoClip,
    encode_audio,
    encode_video,
    silence,
)
from testcall_simulator.media.forwarder import SentHistory
from testcall_simulator.media.sources import SILENCE_DBOV, AudioSource, Tone, VideoSource

OPUS, VP8 = 96, 97
"""Payload types of the service's offers (aiortc's)."""

_BEHIND_S = 0.2
"""A sender that is later than this leaves packets out instead of sending a burst."""

Deliver = Callable[["Stream", bytes], None]


class Stream:
    """One RTP stream of a publisher: numbers, counters and the packets kept for NACKs."""

    def __init__(self, source: NamedSource, payload_type: int, clockrate: int) -> None:
        self.source = source
        self.payload_type = payload_type
        self.clockrate = clockrate
        self.history = SentHistory()
        self.frames = 0
        self.packets = 0
        self.octets = 0
        self.timestamp = 0
        """RTP timestamp of the newest packet."""
        self.sent_s = 0.0
        """Loop time of the newest packet."""
        self._sequence = zlib.crc32(b"sequence" + source.name.encode()) % 0x8000
        self._origin = zlib.crc32(b"timestamp" + source.name.encode())

    def packet(self, payload: bytes, timestamp: int, *, marker: bool) -> bytes:
        """The next packet; ``timestamp`` counts from the stream's start."""
        number = self._sequence
        self._sequence = (number + 1) & 0xFFFF
        self.timestamp = (self._origin + timestamp) & 0xFFFFFFFF
        self.packets += 1
        self.octets += len(payload)
        data = rtp.pack(
            payload,
            payload_type=self.payload_type,
            marker=marker,
            sequence_number=number,
            timestamp=self.timestamp,
            ssrc=self.source.ssrc,
        )
        self.history.remember(number, data)
        return data

    def timestamp_at(self, now_s: float) -> int:
        """The RTP timestamp that stands for loop time ``now_s`` (for sender reports)."""
        return self.timestamp + round((now_s - self.sent_s) * self.clockrate)


class Publisher:
    """A virtual peer's sender. ``audio`` or ``video`` None: it has no such source.

    Muted audio goes on as silence, as a browser's does; paused video stops, and begins again with a key frame.
    """

    def __init__(
        self,
        session_id: str,
        nick: str,
        uid: str,
        *,
        number: int,
        audio: AudioSource | None,
        video: VideoSource | None,
        deliver: Deliver,
    ) -> None:
        self.nick = nick
        self.uid = uid
        self.number = number
        """Which publisher of its session this is, from 0: the ``source`` of its mark."""
        self.audio_muted = False
        self.video_paused = False
        self.audio = _stream(session_id, nick, "audio", OPUS, SAMPLE_RATE) if audio is not None else None
        self.video = _stream(session_id, nick, "video", VP8, VIDEO_CLOCKRATE) if video is not None else None
        self._audio_source = audio
        self._video_source = video
        self._deliver = deliver
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._audio_tick = self._video_tick = 0
        self._frame = 0
        self._picture_id = 0
        self._start_s = 0.0
        self._started = asyncio.Event()
        self._closed = False

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams that this publisher has."""
        return tuple(stream for stream in (self.audio, self.video) if stream is not None)

    @property
    def sources(self) -> tuple[NamedSource, ...]:
        """What is announced to others."""
        return tuple(stream.source for stream in self.streams)

    def describe(self, stream: Stream) -> dict[str, Any]:
        """What a stream carries at present, for the trace: level in dBov, or size in pixels."""
        if stream is self.video and self._video_source is not None:
            return {"width": self._video_source.width, "height": self._video_source.height}
        tone = None if self.audio_muted else self._audio_source
        return {"level_dbov": tone.level_dbov if isinstance(tone, Tone) else SILENCE_DBOV}

    def mute_audio(self, muted: bool) -> None:
        """Send silence from the next packet on, or the source again."""
        self.audio_muted = muted

    def pause_video(self, paused: bool) -> None:
        """Send no more frames, or go on with a key frame."""
        if self.video_paused and not paused:
            self._frame = 0
        self.video_paused = paused

    def request_key_frame(self) -> None:
        """Let the next frame be a key frame."""
        self._frame = 0

    async def start(self) -> None:
        """Encode (in a thread; cached) and begin to send; returns when the first packet is due."""
        loop = asyncio.get_running_loop()
        audio, video = self._audio_source, self._video_source
        audio_clip = await loop.run_in_executor(None, encode_audio, audio) if audio is not None else None
        quiet = await loop.run_in_executor(None, silence) if audio is not None else None
        video_clip = (
            await loop.run_in_executor(None, encode_video, video, self.number % 256) if video is not None else None
        )
        if self._closed:
            return
        self._start_s = loop.time()
        if audio_clip is not None and quiet is not None:
            self._send_audio(loop, audio_clip, quiet)
        if video_clip is not None:
            self._send_video(loop, video_clip)
        self._started.set()

    async def ready(self) -> None:
        """Return once sending has begun."""
        await self._started.wait()

    def close(self) -> None:
        """Send nothing any more."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _send_audio(self, loop: asyncio.AbstractEventLoop, clip: AudioClip, quiet: AudioClip) -> None:
        assert self.audio is not None
        if self._closed:
            return
        now = loop.time()
        late = now - self._start_s - self._audio_tick * FRAME_SAMPLES / SAMPLE_RATE
        if late > _BEHIND_S:
            self._audio_tick += int(late * SAMPLE_RATE / FRAME_SAMPLES)
        packets = quiet.packets if self.audio_muted else clip.packets
        payload = packets[self._audio_tick % len(packets)]
        # The marker bit says that speech begins (RFC 3551 §4.1); a tone begins once.
        data = self.audio.packet(payload, self._audio_tick * FRAME_SAMPLES, marker=self._audio_tick == 0)
        self.audio.sent_s = now
        self.audio.frames += 1
        self._deliver(self.audio, data)
        self._audio_tick += 1
        due = self._start_s + self._audio_tick * FRAME_SAMPLES / SAMPLE_RATE
        self._timers["audio"] = loop.call_at(due, self._send_audio, loop, clip, quiet)

    def _send_video(self, loop: asyncio.AbstractEventLoop, clip: VideoClip) -> None:
        assert self.video is not None
        if self._closed:
            return
        now = loop.time()
        late = now - self._start_s - self._video_tick / clip.fps
        if late > _BEHIND_S:
            self._video_tick += int(late * clip.fps)
        if not self.video_paused:
            payloads = rtp.vp8_payloads(clip.frames[self._frame], self._picture_id)
            timestamp = self._video_tick * VIDEO_CLOCKRATE // clip.fps
            self.video.sent_s = now
            self.video.frames += 1
            for index, payload in enumerate(payloads, start=1):
                self._deliver(self.video, self.video.packet(payload, timestamp, marker=index == len(payloads)))
            self._frame = (self._frame + 1) % len(clip.frames)
            self._picture_id = (self._picture_id + 1) & 0x7FFF
        self._video_tick += 1
        due = self._start_s + self._video_tick / clip.fps
        self._timers["video"] = loop.call_at(due, self._send_video, loop, clip)


def _stream(session_id: str, nick: str, media: Literal["audio", "video"], payload_type: int, clockrate: int) -> Stream:
    name = f"{nick}-{media[0]}0"
    source = NamedSource(
        name=name,
        owner=nick,
        media=media,
        # Reproducible, and never 0.
        layers=(zlib.crc32(f"{session_id}/{name}".encode()) or 1,),
        msid=f"{nick}-{media} {name}",
        video_type="camera" if media == "video" else None,
    )
    return Stream(source, payload_type, clockrate)
