"""The protocol of the fourth major: token exchange on one path, rooms on ``WEBRTC_HOST``, identity in ``user_object``."""

from __future__ import annotations

from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.http import CallApi, required
from testcall_conformance.reference.client.model import Participant, Ticket
from testcall_conformance.reference.client.presence import Presence, muted, sources
from testcall_conformance.reference.client.wire import FOCUS_NICK, Me, common_children, read_user
from testcall_conformance.reference.client.xml import attribute, child, tag, text_of

COMMANDS = frozenset(
    {
        "participantMuted",
        "SCREEN_SHARING_STARTED",
        "SCREEN_SHARING_STOPPED",
        "START_SCREEN_RECORDING",
        "stopScreenRecording",
        "endSessionForAll",
        "CONVERT_TO_VIDEO_REQUEST",
        "CONVERT_TO_VIDEO_RESPONSE",
    }
)


class WireV4:
    """Speaks v4."""

    commands = COMMANDS

    async def create_token(self, api: CallApi, session_id: str, auth_token: str) -> str:
        """``POST call_tokens`` with the user's auth token."""
        url = api.service.url(api.service.calls, "call_tokens")
        headers = {"Accept": "application/json", "authToken": auth_token}
        return required(await api.data("POST", url, headers, {"sessionId": session_id}), "token")

    async def redeem(self, api: CallApi, token: str, auth_token: str) -> Ticket:
        """``GET call_tokens`` with the call token; rooms and socket follow from ``settings.WEBRTC_HOST``."""
        url = api.service.url(api.service.calls, "call_tokens")
        data = await api.data("GET", url, {"Accept": "application/json", "callToken": token})
        payload = data.get("payload")
        inner = payload.get("data") if isinstance(payload, dict) else None
        if not isinstance(inner, dict):
            raise CallFailure("bad_response", "the service's answer has no payload.data")
        settings = data.get("settings")
        host = required(data, "settings.WEBRTC_HOST")
        scheme = "ws" if api.service.plain_xmpp else "wss"
        return Ticket(
            token=str(data.get("callToken") or token),
            session_id=required(inner, "sessionId"),
            user=read_user(inner.get("user")),
            domain=host,
            muc=f"conference.{host}",
            focus=f"focus.{host}",
            socket_url=f"{scheme}://xmpp.{host}/xmpp-websocket",
            presenter_enabled=isinstance(settings, dict) and settings.get("PRESENTER_MODE_ENABLED") is True,
        )

    def introduction(self, me: Me) -> list[str]:
        """Identity and the configuration that a v4 occupant tells."""
        user = me.ticket.user
        config = {
            "session_id": me.ticket.session_id,
            "mode": me.options.layout or None,
            "platform": "web",
            "sdk_version": me.options.sdk_version,
            "is_audio_muted": _flag(me.audio_muted),
            "is_video_muted": _flag(me.video_paused),
            "is_audio_only": _flag(me.options.audio_only),
            "start_recording_on_call_start": _flag(me.options.auto_record),
        }
        about = {
            "uid": user.uid,
            "name": me.name,
            "avatar": user.avatar,
            "joinnedAt": str(me.joined_at_ms),  # spelt so on the wire
            "isPresenter": None if me.options.presenter is None else _flag(me.options.presenter),
        }
        return [
            *common_children(me),
            tag("uid", text=user.uid),
            tag("initial_config", config),
            tag("user_object", about),
        ]

    def identity(self, presence: Presence) -> Participant | None:
        """Read from ``user_object``; an occupant without one is focus, a recorder, or not introduced yet."""
        about = child(presence.stanza, "user_object")
        if about is None or presence.nick == FOCUS_NICK or "jibri" in (text_of(presence.stanza, "stats-id") or ""):
            return None
        return Participant(
            pid=presence.nick,
            uid=attribute(about, "uid"),
            name=attribute(about, "name"),
            avatar=attribute(about, "avatar"),
            joined_at=attribute(about, "joinnedAt"),
            audio_muted=muted(presence, "-a0", "audiomuted"),
            video_paused=muted(presence, "-v0", "videomuted"),
            sharing=any(value.get("videoType") == "desktop" for value in sources(presence).values()),
            presenter=attribute(about, "isPresenter", "true") != "false",
        )


def is_recorder(presence: Presence) -> bool:
    """Whether the occupant records the call: a v4 recorder tells so in ``stats-id`` and has no nick."""
    return "jibri" in (text_of(presence.stanza, "stats-id") or "")


def _flag(value: bool) -> str:
    return "true" if value else "false"
