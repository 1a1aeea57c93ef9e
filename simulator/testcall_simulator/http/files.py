"""The files that recordings and transcripts point to.

Nothing is really recorded: an MP4 file without tracks, and what the simulated transcriber was told that somebody said.
"""

from __future__ import annotations

from testcall_simulator.http.messages import Request, Response
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.world import World


def get_recording(world: World, request: Request) -> Response:
    """GET recordings/{rid}.mp4."""
    rid, _, suffix = request.path["file"].rpartition(".")
    found = next((one for call in world.calls for one in call.recordings if one.rid == rid), None)
    if found is None or suffix != "mp4":
        raise Refusal("ERR_API_NOT_FOUND")
    return Response(200, _empty_mp4(found.end_time - found.start_time), {"content-type": "video/mp4"})


def get_transcript(world: World, request: Request) -> Response:
    """GET transcripts/{tid}.json: who said what, when (epoch s)."""
    tid, _, suffix = request.path["file"].rpartition(".")
    for call in world.calls:
        for one in call.transcriptions:
            if one.tid == tid and suffix == "json":
                lines = [{"at": line.at, "uid": line.uid, "name": line.name, "text": line.text} for line in one.lines]
                return Response(200, {"sessionId": call.session_id, "tid": tid, "lines": lines})
    raise Refusal("ERR_API_NOT_FOUND")


def _empty_mp4(seconds: int) -> bytes:
    """A file type box and a movie header of that length (ISO/IEC 14496-12 §4.3, §8.2.2), no track."""
    times = (0, 0, 1000, seconds * 1000)
    matrix = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    numbers = (0, *times, 0x10000, 0x01000000, 0, 0, *matrix, *(0,) * 6, 1)
    header = b"".join(number.to_bytes(4, "big") for number in numbers)
    return _box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2mp41") + _box(b"moov", _box(b"mvhd", header))


def _box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content
