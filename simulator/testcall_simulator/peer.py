"""A virtual participant of a session: somebody else in the call, whom a test directs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from testcall_simulator.errors import SimulatorError
from testcall_simulator.xmpp.effects import RoomKey
from testcall_simulator.xmpp.virtual import Persona

if TYPE_CHECKING:
    from testcall_simulator.media.samples import AudioSample, VideoSample
    from testcall_simulator.xmpp_edge import SignallingService


class Peer:
    """A virtual occupant. Made by ``Simulator.join_peer``; what it does happens at once on the service."""

    def __init__(self, service: SignallingService, key: RoomKey, persona: Persona, publisher: Any) -> None:
        self._service = service
        self._publisher = publisher
        self.key = key
        """The room that it is in."""
        self.persona = persona
        self.screen: Persona | None = None
        """The occupant of its shared screen, where an SDK would have one."""

    @property
    def persona(self) -> Persona:
        """What it tells of itself at present. Its media does as it says."""
        return self._persona

    @persona.setter
    def persona(self, persona: Persona) -> None:
        self._persona = persona
        if self._publisher is not None:
            self._publisher.mute_audio(bool(persona.audio_muted))
            self._publisher.pause_video(bool(persona.video_paused))

    @property
    def uid(self) -> str:
        """Its user."""
        return self.persona.uid

    @property
    def nick(self) -> str:
        """Its occupant's name in the room."""
        return self.persona.nick

    @property
    def session_id(self) -> str:
        """The session that it is in."""
        return self.key.name

    @property
    def publisher(self) -> Any:
        """Its media; :class:`SimulatorError` when the service runs without."""
        if self._publisher is None:
            raise SimulatorError(f"peer {self.uid} has no media: install testcall[media] and give it audio or video")
        return self._publisher

    async def leave(self) -> None:
        """Leave the session."""
        await self._service.remove_peer(self)

    async def mute_audio(self, muted: bool) -> None:
        """Mute or unmute its microphone."""
        await self._service.change_peer(self, audio_muted=muted)

    async def pause_video(self, paused: bool) -> None:
        """Pause or resume its camera."""
        await self._service.change_peer(self, video_paused=paused)

    async def command(self, name: str, attributes: dict[str, str] | None = None, value: str | None = None) -> None:
        """Send a command as the SDK does: a presence child, told to everybody once."""
        await self._service.command_peer(self, name, attributes or {}, value)

    async def subject(self, text: str) -> None:
        """Set the session's subject (XEP-0045 §8.1)."""
        await self._service.subject_peer(self, text)

    async def share_screen(self, sharing: bool, *, major: int = 5) -> None:
        """Share a screen, or end that, as an SDK of that major version tells it; nobody gets a picture."""
        await self._service.share_peer(self, sharing=sharing, major=major)

    async def hears(self, occupant_uid: str, *, window_s: float = 1.0) -> AudioSample:
        """What it hears of a user's SDK from now on for ``window_s``, decoded; no frames when that user sends none."""
        sample: AudioSample = await self.publisher.hears(occupant_uid, window_s)
        return sample

    async def sees(self, occupant_uid: str, *, window_s: float = 1.0) -> VideoSample:
        """What it sees of a user's SDK from now on for ``window_s``, decoded; no frames when that user sends none."""
        sample: VideoSample = await self.publisher.sees(occupant_uid, window_s)
        return sample

    async def wait_hears(self, occupant_uid: str, min_frames: int = 10, *, timeout_s: float = 20.0) -> None:
        """Wait for ``min_frames`` audible frames (20 ms each) of a user; ``TraceTimeoutError`` when they don't come."""
        await self.publisher.wait_hears(occupant_uid, min_frames, timeout_s)

    async def wait_sees(self, occupant_uid: str, min_frames: int = 5, *, timeout_s: float = 20.0) -> None:
        """Wait for ``min_frames`` pictures of a user; ``TraceTimeoutError`` when they don't come."""
        await self.publisher.wait_sees(occupant_uid, min_frames, timeout_s)

    async def wait_silent(self, occupant_uid: str, for_s: float = 0.5, *, timeout_s: float = 20.0) -> None:
        """Wait until nothing is audible of a user for ``for_s``; ``TraceTimeoutError`` when sound goes on."""
        await self.publisher.wait_silent(occupant_uid, for_s, timeout_s)

    async def wait_dark(self, occupant_uid: str, for_s: float = 1.0, *, timeout_s: float = 20.0) -> None:
        """Wait until no picture comes of a user for ``for_s``; ``TraceTimeoutError`` when they go on."""
        await self.publisher.wait_dark(occupant_uid, for_s, timeout_s)
