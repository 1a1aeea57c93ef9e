"""A virtual participant of a session: somebody else in the call, whom a test directs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from testcall_simulator.errors import SimulatorError
from testcall_simulator.xmpp.effects import RoomKey
from testcall_simulator.xmpp.virtual import Persona

if TYPE_CHECKING:
    from testcall_simulator.xmpp_edge import SignallingService


class Peer:
    """A virtual occupant. Made by ``Simulator.join_peer``; what it does happens at once on the service."""

    def __init__(self, service: SignallingService, key: RoomKey, persona: Persona, publisher: Any) -> None:
        self._service = service
        self._publisher = publisher
        self.key = key
        """The room that it is in."""
        self.persona = persona
        """What it tells of itself at present."""

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
