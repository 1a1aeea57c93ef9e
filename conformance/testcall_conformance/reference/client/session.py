"""One joined session: from a ticket to the room and its media, what one does in it, and the way out.

Actions are synchronous and take effect in the order in which they were called: what they send goes through one outbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from lxml import etree

from testcall_conformance.reference.client import happenings, xml
from testcall_conformance.reference.client.clock import IdleWatch, Timers
from testcall_conformance.reference.client.entering import discover, invite_focus
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.meter import Reading
from testcall_conformance.reference.client.model import Event, JoinOptions, Participant, Service, Ticket
from testcall_conformance.reference.client.outbox import Outbox, Send
from testcall_conformance.reference.client.presence import Presence, commands, read_presence
from testcall_conformance.reference.client.recording import RecordingWatch
from testcall_conformance.reference.client.room import Change, Changed, Entered, Gone, Joined, Left, Refused, Room
from testcall_conformance.reference.client.stream import Place, XmppStream
from testcall_conformance.reference.client.talk import MediaTalk
from testcall_conformance.reference.client.wire import FOCUS_NICK, Me, Wire, nick_for
from testcall_conformance.reference.client.xml import attribute, local, tag

JOIN_TIMEOUT_S = 20.0  # ours; the documents name none
LEAVE_TIMEOUT_S = 2.0  # ours; the room's confirmation of a leave is a courtesy

logger = logging.getLogger(__name__)


class CallSession:
    """Our part in one session. ``tell`` gets the events; ``timers`` count the idle periods."""

    def __init__(
        self,
        wire: Wire,
        service: Service,
        ticket: Ticket,
        options: JoinOptions,
        *,
        timers: Timers,
        tell: Callable[[Event], None],
    ) -> None:
        self._wire = wire
        self._options = options
        self._tell = tell
        url = ticket.socket_url + ("&" if "?" in ticket.socket_url else "?") + f"token={ticket.token}"
        self._stream = XmppStream(Place(url, ticket.domain, service.ca), self)
        self.me = Me(
            ticket=ticket,
            nick="",
            jid="",
            options=options,
            joined_at_ms=int(time.time() * 1000),
            audio_muted=options.start_audio_muted or not options.may_send,
            video_paused=options.start_video_paused or options.audio_only or not options.may_send,
        )
        self._room: Room | None = None
        self._media = MediaTalk(self._stream, self._focus, on_message=self._on_bridge, on_state=self._on_media)
        self._interrupted = False
        self._entered: asyncio.Future[bool] | None = None
        self._gone: asyncio.Future[str] | None = None
        self._outbox = Outbox()
        self._jobs: set[asyncio.Task[None]] = set()
        self._components: dict[str, str] = {}
        self._recording = RecordingWatch()
        self._over = False
        before, after = options.idle_before_prompt_ms, options.idle_after_prompt_ms
        self._idle = None
        if before is not None and after is not None:
            self._idle = IdleWatch(timers, before, after, self._on_idle_prompt, self._on_idle_end)

    @property
    def participants(self) -> list[Participant]:
        """Everybody in the session, we first."""
        others = self._room.others.values() if self._room is not None else ()
        return [self.me.participant(), *others]

    @property
    def over(self) -> bool:
        """Whether the session has ended for us."""
        return self._over

    @property
    def audio_only(self) -> bool:
        """Whether we send no video in this session."""
        return self._options.audio_only

    @property
    def peer_call(self) -> bool:
        """Whether leaving ends the session for everybody."""
        return self._options.peer_call

    @property
    def recording(self) -> bool:
        """Whether the session is being recorded, by the service's word."""
        return self._recording.recording

    @property
    def sending(self) -> tuple[str, ...]:
        """The kinds of media that are being sent."""
        leg = self._media.leg
        return () if leg is None else tuple(kind for kind in ("audio", "video") if leg.sends(kind))

    @property
    def media_state(self) -> str:
        """The state of the media connection (W3C words), empty before there is one."""
        return self._media.leg.state if self._media.leg is not None else ""

    @property
    def socket_url(self) -> str:
        """Where the signalling connection leads, without the token."""
        return self.me.ticket.socket_url

    @property
    def prompted(self) -> bool:
        """Whether the idle prompt is shown."""
        return self._idle is not None and self._idle.prompted

    def readings(self) -> list[Reading]:
        """What we receive, by remote source."""
        return self._media.leg.readings() if self._media.leg is not None else []

    async def next_frame(self) -> None:
        """Return when something more of somebody has been received."""
        if self._media.leg is None:
            raise CallFailure("no_session", "this session was joined without media")
        await self._media.leg.next_frame()

    async def join(self) -> None:
        """Enter the room; :class:`CallFailure` says at which step it failed, and nothing stays open then."""
        try:
            async with asyncio.timeout(JOIN_TIMEOUT_S):
                await self._join()
        except TimeoutError:
            await self._release()
            raise CallFailure("no_answer", f"the session was not joined within {JOIN_TIMEOUT_S:g} s") from None
        except BaseException:
            await self._release()
            raise
        assert self._room is not None
        self._outbox.start()
        self._tell(Event("session_joined"))
        self._tell(happenings.listed(self.participants))
        self._count_company()
        if self._options.auto_record:
            self.record(True)
        if self._options.auto_transcribe:
            self.transcribe(True)

    async def leave(self, reason: str = "left") -> None:
        """Leave; returns when all is released. Leaving twice is leaving once."""
        if self._over:
            return
        self._over = True
        company = len(self.participants) == 2 and reason != "timed_out"
        await self._outbox.drain()
        if self._room is not None and self._room.entered:
            self._gone = asyncio.get_running_loop().create_future()
            with contextlib.suppress(CallFailure, TimeoutError):
                await self._stream.send(self._presence({"type": "unavailable"}))
                await asyncio.wait_for(self._gone, LEAVE_TIMEOUT_S)
        await self._finish(company)

    async def end_for_all(self) -> None:
        """End the session for everybody, and leave."""
        address = self._components.get("end_conference")
        with contextlib.suppress(CallFailure):
            if address:
                message = tag("message", {"xmlns": xml.CLIENT, "to": address}, tag("end_conference"))
                await self._stream.send(message)
            elif "endSessionForAll" in self._wire.commands:
                await self._stream.send(self._presence(None, tag("endSessionForAll", text="true")))
        if not address:
            await self.leave()

    def drop(self) -> None:
        """Lose the signalling connection, as a network would."""
        self._stream.drop()

    # --- actions -----------------------------------------------------------------------------------------------------

    def mute(self, muted: bool, by: Participant | None = None, *, ordered: bool = False) -> None:
        """Mute or unmute the microphone."""
        if self.me.audio_muted == muted or not self._may_send():
            return
        self.me = replace(self.me, audio_muted=muted)
        self._send_media("audio", not muted)
        me = self.me.participant()
        self._tell(Event("audio_muted" if muted else "audio_unmuted"))
        self._tell(happenings.mute_state(me, by or me, muted, ordered=ordered))

    def pause(self, paused: bool, by: Participant | None = None, *, ordered: bool = False) -> None:
        """Pause or resume the camera. An audio-only call has none."""
        if self.me.video_paused == paused or self._options.audio_only or not self._may_send():
            return
        self.me = replace(self.me, video_paused=paused)
        self._send_media("video", not paused)
        me = self.me.participant()
        self._tell(Event("video_paused" if paused else "video_resumed"))
        self._tell(happenings.mute_state(me, by or me, paused, ordered=ordered))

    def raise_hand(self, raised: bool) -> None:
        """Raise or lower the hand."""
        if (self.me.hand_raised_at_ms > 0) == raised:
            return
        self.me = replace(self.me, hand_raised_at_ms=int(time.time() * 1000) if raised else 0)
        lowered = () if raised else (tag("jitsi_participant_raisedHand"),)
        self._queue_presence(*lowered)
        name = "participant_hand_raised" if raised else "participant_hand_lowered"
        self._tell(Event(name, {"participant": self.me.participant()}))

    def share_screen(self, sharing: bool) -> None:
        """Start or stop sharing a screen."""
        if self.me.sharing == sharing or not self._may_send():
            return
        self.me = replace(self.me, sharing=sharing)
        command = "SCREEN_SHARING_STARTED" if sharing else "SCREEN_SHARING_STOPPED"
        self._queue_presence(*([tag(command, text="{}")] if command in self._wire.commands else []))
        self._tell(Event("screen_share_started" if sharing else "screen_share_stopped"))

    def stay(self) -> None:
        """Answer the idle prompt: stay."""
        if self._idle is not None and self._idle.prompted:
            self._idle.stay()

    def record(self, on: bool, mode: str = "file", stream_id: str | None = None) -> None:
        """Ask the service to start or stop recording (``file``) or streaming (``stream``); events follow its word."""
        attributes = {
            "xmlns": xml.JIBRI,
            "action": "start" if on else "stop",
            "recording_mode": mode,
            "streamid": stream_id,
        }
        command = "START_SCREEN_RECORDING" if on else "stopScreenRecording"
        if mode == "file" and command in self._wire.commands:
            me = self.me.participant()
            self._queue_presence(tag(command, {"uid": me.uid, "name": me.name, "pid": me.pid}, text="true"))
        self._queue(lambda: self._stream.request("set", self._focus, tag("jibri", attributes)))

    def mute_other(self, ident: str, kind: str) -> None:
        """Ask the focus to mute somebody (``ident`` is a pid or a uid; ``kind`` audio or video)."""
        nick = self._nick_of(ident)
        if nick is None:
            return
        attributes = {"xmlns": f"{xml.JITSI}/{kind}", "jid": f"{self.me.ticket.room}/{nick}"}
        self._queue(lambda: self._stream.request("set", self._focus, tag("mute", attributes, text="true")))

    def transcribe(self, on: bool) -> None:
        """Ask for transcription, or for its end."""
        if self.me.transcribing == on:
            return
        self.me = replace(self.me, transcribing=on)
        names = ("jitsi_participant_requestingTranscription",)
        self._queue_presence(*(() if on else (tag(name) for name in names)))

    def switch_to_video(self) -> None:
        """Turn our audio call into a video call: the camera goes on, and the others are told."""
        if not self._options.audio_only or not self._may_send():
            return
        self._options = replace(self._options, audio_only=False)
        self.me = replace(self.me, options=self._options, video_paused=False)
        me = self.me.participant()
        self._queue(self._media.add_video)
        self._queue_presence(tag("CONVERT_TO_VIDEO_REQUEST", {"uid": me.uid, "name": me.name}, text="true"))

    # --- joining -----------------------------------------------------------------------------------------------------

    async def _join(self) -> None:
        ticket = self.me.ticket
        jid = await self._stream.open()
        self.me = replace(self.me, jid=jid, nick=nick_for(jid))
        self._room = Room(self.me.nick, self._wire)
        self._components = await discover(self._stream, ticket.domain)
        await invite_focus(self._stream, ticket, self.me.nick)
        if self._options.media:
            sending = {"audio": not self.me.audio_muted, "video": not self.me.video_paused}
            self._media.prepare(self.me.nick, self._options.audio_only, sending)
        self._entered = asyncio.get_running_loop().create_future()
        await self._stream.send(self._presence(None, tag("x", {"xmlns": xml.MUC})))
        await self._entered
        logger.debug("joined %s as %s", ticket.room, self.me.nick)

    # --- what comes in -----------------------------------------------------------------------------------------------

    def on_stanza(self, stanza: etree._Element) -> None:
        """A stanza of the stream: presence of the room, or a request of the focus."""
        name = local(stanza)
        if name == "presence":
            presence = read_presence(stanza)
            for change in self._room.apply(presence) if self._room is not None else ():
                self._on_change(change)
            self._on_particulars(presence)
        elif name == "iq":
            self._job(self._on_request(stanza))

    def _on_change(self, change: Change) -> None:
        match change:
            case Entered():
                if self._entered is not None and not self._entered.done():
                    self._entered.set_result(change.moderator)
            case Refused():
                failure = CallFailure("connection_failed", f"the room refuses the join: {change.condition}")
                if self._entered is not None and not self._entered.done():
                    self._entered.set_exception(failure)
            case Gone():
                if self._gone is not None and not self._gone.done():
                    self._gone.set_result(change.reason)
                elif not self._over:
                    self._job(self.leave(change.reason))
            case Joined():
                self._tell_all(happenings.joined(change, self.participants))
                self._count_company()
            case Left():
                if not self._over:
                    self._tell_all(happenings.left(change, self.participants))
                    self._count_company()
                    if self._options.peer_call:
                        self._job(self.leave())
            case Changed():
                self._tell_all(happenings.changed(change))

    def _on_particulars(self, presence: Presence) -> None:
        self._tell_all(self._recording.take(presence, self._participant_at))
        for name, about, _ in commands(presence, self._wire.commands):
            self._recording.command(name, about)
            if presence.nick == self.me.nick or self._over:
                continue
            if name == "endSessionForAll":
                self._job(self.leave("ended"))
            elif name == "CONVERT_TO_VIDEO_REQUEST":
                data = {
                    "session_id": self.me.ticket.session_id,
                    "initiator": self._participant_at(presence.nick),
                    "responder": self.me.participant(),
                }
                self._tell(Event("switched_to_video", data))

    async def _on_request(self, stanza: etree._Element) -> None:
        """An IQ set: Jingle from the focus, or somebody who mutes us. Each gets a result (RFC 6120 §8.2.3)."""
        head = {"xmlns": xml.CLIENT, "type": "result", "to": stanza.get("from"), "id": stanza.get("id")}
        payload = next((item for item in stanza if local(item)), None)
        if payload is None or local(payload) not in {"jingle", "mute"}:
            refused = tag("service-unavailable", {"xmlns": xml.STANZA_ERRORS})
            error = tag("error", {"type": "cancel"}, refused)
            await self._stream.send(tag("iq", {**head, "type": "error"}, error))
            return
        await self._stream.send(tag("iq", head))
        if local(payload) == "jingle":
            await self._media.take(payload, attribute(stanza, "from"), self.me.jid)
        else:
            by = self._participant_at(attribute(payload, "actor").rpartition("/")[2])
            kind = xml.namespace(payload).rpartition("/")[2]
            (self.pause if kind == "video" else self.mute)((payload.text or "true") == "true", by, ordered=True)

    def _on_bridge(self, message: dict[str, Any]) -> None:
        if message.get("colibriClass") == "DominantSpeakerEndpointChangeEvent":
            participant = self._participant_at(str(message.get("dominantSpeakerEndpoint", "")))
            if participant is not None:
                self._tell(Event("dominant_speaker_changed", {"participant": participant}))

    def _on_media(self, state: str) -> None:
        if state == "failed" and not self._over:
            self._tell(Event("connection_lost"))

    def on_interrupted(self) -> None:
        """The signalling connection broke."""
        if not self._over:
            self._interrupted = True
            self._tell(Event("connection_lost"))

    def on_restored(self) -> None:
        """The signalling goes on."""
        if not self._over:
            self._interrupted = False
            self._tell(Event("connection_restored"))

    def on_lost(self, reason: str) -> None:
        """The signalling is gone for good: so is the session."""
        if self._entered is not None and not self._entered.done():
            self._entered.set_exception(CallFailure("connection_lost", reason))
        elif not self._over:
            if not self._interrupted:
                self._tell(Event("connection_lost"))
            self._over = True
            self._job(self._finish(False))

    def _on_idle_prompt(self) -> None:
        self._tell(Event("idle_prompted"))

    def _on_idle_end(self) -> None:
        self._tell(Event("session_timed_out"))
        self._job(self.leave("timed_out"))

    # --- inside ------------------------------------------------------------------------------------------------------

    @property
    def _focus(self) -> str:
        return f"{self.me.ticket.room}/{FOCUS_NICK}"

    def _may_send(self) -> bool:
        return self._options.may_send and not self._over

    def _participant_at(self, nick: str) -> Participant | None:
        if nick == self.me.nick:
            return self.me.participant()
        return self._room.others.get(nick) if self._room is not None else None

    def _nick_of(self, ident: str) -> str | None:
        others = self._room.others if self._room is not None else {}
        return ident if ident in others else next((nick for nick, who in others.items() if who.uid == ident), None)

    def _count_company(self) -> None:
        if self._idle is None or self._room is None or not self._room.entered:
            return
        (self._idle.company if self._room.others else self._idle.alone)()

    def _send_media(self, kind: str, enabled: bool) -> None:
        self._media.send(kind, enabled)
        self._queue_presence()

    def _presence(self, attributes: dict[str, str] | None = None, *extra: str) -> str:
        head = {"xmlns": xml.CLIENT, "to": f"{self.me.ticket.room}/{self.me.nick}", **(attributes or {})}
        body = [] if attributes else self._wire.introduction(self.me)
        return tag("presence", head, *extra, *body)

    def _queue_presence(self, *extra: str) -> None:
        stanza = self._presence(None, *extra)
        self._queue(lambda: self._stream.send(stanza))

    def _queue(self, send: Send) -> None:
        if not self._over:
            self._outbox.put(send)

    def _tell_all(self, events: list[Event]) -> None:
        for event in events:
            self._tell(event)

    def _job(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guard(work))
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except CallFailure as failure:
            logger.info("%s", failure)
        except Exception:
            logger.exception("something in session %s went wrong", self.me.ticket.session_id)

    async def _finish(self, company: bool) -> None:
        if self._idle is not None:
            self._idle.company()
        self._tell(Event("session_left"))
        if company:
            self._tell(Event("call_ended"))
        await self._release()
        self._tell(Event("connection_closed"))

    async def _release(self) -> None:
        self._over = True
        current = asyncio.current_task()
        self._outbox.stop()
        await self._media.close()
        await self._stream.close()
        for task in [task for task in self._jobs if task is not current]:
            task.cancel()
