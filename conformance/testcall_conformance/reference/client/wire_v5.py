"""The protocol of the fifth major: login, the connection config in the token's answer, identity in ``user-info``."""

from __future__ import annotations

import json
import secrets
import string
from typing import Any
from urllib.parse import quote

from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.http import CallApi, required
from testcall_conformance.reference.client.model import Participant, Ticket, User
from testcall_conformance.reference.client.presence import Presence, muted, read_json, sources
from testcall_conformance.reference.client.wire import FOCUS_NICK, Me, common_children, read_user
from testcall_conformance.reference.client.xml import tag, text_of

COMMANDS = frozenset({"START_SCREEN_RECORDING", "stopScreenRecording"})


class WireV5:
    """Speaks v5."""

    commands = COMMANDS

    async def create_token(self, api: CallApi, session_id: str, auth_token: str) -> str:
        """``POST call_tokens`` as v4, with the app id."""
        url = api.service.url(api.service.calls, "call_tokens")
        headers = {"authToken": auth_token, "appId": api.service.app_id}
        return required(await api.data("POST", url, headers, {"sessionId": session_id}), "token")

    async def redeem(self, api: CallApi, token: str, auth_token: str) -> Ticket:
        """``GET call_tokens?configVersion=1``; rooms and socket stand in ``settings.connectionConfig``."""
        url = api.service.url(api.service.calls, "call_tokens?configVersion=1")
        data = await api.data("GET", url, {"calltoken": token, "appId": api.service.app_id})
        domain = required(data, "settings.connectionConfig.hosts.domain")
        settings = data["settings"]
        return Ticket(
            token=required(data, "callToken"),
            session_id=required(data, "sessionId"),
            user=read_user(data.get("user")),
            domain=domain,
            muc=required(settings, "connectionConfig.hosts.muc"),
            focus=f"focus.{domain}",
            socket_url=required(settings, "connectionConfig.serviceUrl"),
            presenter_enabled=settings.get("PRESENTER_MODE_ENABLED") is True,
        )

    def introduction(self, me: Me) -> list[str]:
        """Identity and the configuration that a v5 occupant tells."""
        user = me.ticket.user
        info: dict[str, Any] = {"isLocal": True, "name": me.name, "pid": me.nick, "uid": user.uid, "type": "human"}
        if user.avatar:
            info["avatar"] = user.avatar
        config = {
            "session_id": me.ticket.session_id,
            "uid": user.uid,
            "platform": "web",
            "mode": me.options.layout or None,
            "is_audio_only": _flag(me.options.audio_only),
            "is_audio_muted": _flag(me.audio_muted),
            "is_video_muted": _flag(me.video_paused),
            "is_peer_call": _flag(me.options.peer_call),
            "start_recording_on_call_start": _flag(me.options.auto_record),
        }
        children = [*common_children(me), tag("initial_config", config), tag("user-info", text=json.dumps(info))]
        if me.transcribing:
            children.append(tag("jitsi_participant_transcription_language", text=me.options.caption_language))
            children.append(tag("jitsi_participant_requestingTranscription", text="true"))
        return children

    def identity(self, presence: Presence) -> Participant | None:
        """Read from ``user-info`` (uid, avatar) and ``nick`` (name)."""
        info = read_json(presence, "user-info")
        uid = info.get("uid")
        if presence.nick == FOCUS_NICK or not isinstance(uid, str):
            return None
        avatar = info.get("avatar")
        return Participant(
            pid=presence.nick,
            uid=uid,
            name=text_of(presence.stanza, "nick") or "",
            avatar=avatar if isinstance(avatar, str) else "",
            audio_muted=muted(presence, "-a0", "audiomuted"),
            video_paused=muted(presence, "-v0", "videomuted"),
            hand_raised=bool(text_of(presence.stanza, "jitsi_participant_raisedHand")),
            sharing=any(value.get("videoType") == "desktop" for value in sources(presence).values()),
        )


async def login_with_key(api: CallApi, uid: str, auth_key: str) -> User:
    """Make an auth token with the app's key, then log in with it."""
    url = api.service.url(api.service.api, f"users/{quote(uid, safe='')}/auth_tokens")
    headers = {"apiKey": auth_key, "appId": api.service.app_id}
    data = await api.data("POST", url, headers, {"platform": "web", "deviceId": _device()})
    return await login_with_token(api, required(data, "authToken"))


async def login_with_token(api: CallApi, auth_token: str) -> User:
    """The user whom an auth token belongs to."""
    url = api.service.url(api.service.client, "me")
    headers = {"authToken": auth_token, "appId": api.service.app_id}
    data = await api.data("PUT", url, headers, {"platform": "web", "deviceId": _device()})
    user = read_user(data)
    if user.auth_token and user.auth_token != auth_token:
        raise CallFailure("bad_response", "the service's answer names another auth token than the one that was used")
    return User(
        uid=user.uid,
        name=user.name,
        avatar=user.avatar,
        status=user.status or "online",
        role=user.role or "default",
        auth_token=auth_token,
        last_active_at=user.last_active_at,
        jwt=user.jwt,
    )


async def logout(api: CallApi, auth_token: str) -> None:
    """End the login at the service."""
    url = api.service.url(api.service.client, "me")
    await api.request("DELETE", url, {"authToken": auth_token, "appId": api.service.app_id})


def _device() -> str:
    return "web_" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(9))


def _flag(value: bool) -> str:
    return "true" if value else "false"
