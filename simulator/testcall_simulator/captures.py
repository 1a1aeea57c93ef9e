"""Recordings and transcripts: they begin, a transcript hears, and once they end the call log has them and they can be fetched.

Functions over a world, whose :attr:`~testcall_simulator.world.World.captures` are those that go on.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import Literal

from testcall_simulator.calls import Line, Recording, Transcription, minutes
from testcall_simulator.world import World

CaptureKind = Literal["recording", "transcript"]


@dataclass(frozen=True, slots=True)
class Capture:
    """One that goes on. ``began`` is epoch seconds."""

    kind: CaptureKind
    began: int
    lines: tuple[Line, ...] = ()


def begin(world: World, capture_id: str, kind: CaptureKind) -> None:
    """A recording or a transcription begins."""
    world.captures[capture_id] = Capture(kind, world.now())


def hear(world: World, capture_id: str, line: Line) -> None:
    """A transcription hears something; one that doesn't go on is deaf."""
    capture = world.captures.get(capture_id)
    if isinstance(capture, Capture):
        world.captures[capture_id] = replace(capture, lines=(*capture.lines, line))


def end(world: World, app_id: str, session_id: str, capture_id: str) -> None:
    """It ends and can be fetched. Of a session that isn't in the call log, or of one that never began, nothing comes."""
    capture, call = world.captures.pop(capture_id, None), world.find_call(app_id, session_id)
    if call is None or not isinstance(capture, Capture):
        return
    now = world.now()
    if capture.kind == "recording":
        url = f"{world.files}/recordings/{capture_id}.mp4"
        made = Recording(capture_id, url, capture.began, now, minutes(now - capture.began))
        world.record(replace(call, recordings=(*call.recordings, made)))
    else:
        url = f"{world.files}/transcripts/{capture_id}.json"
        date = datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        heard = Transcription(capture_id, capture.began, now, date, url, capture.lines)
        world.record(replace(call, transcriptions=(*call.transcriptions, heard)))
