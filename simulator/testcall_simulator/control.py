"""The control API under ``/_testcall/`` and its page: look at a running simulator and direct it, from any language.

Who may: only this machine, by a name of this machine (so that no page can rebind its own name to us), with the simulator's
control token (``X-Testcall-Token``), and, from a browser, only pages of this very address. Health, assumptions, the OpenAPI
document and the empty page need no token: they tell nothing about the world.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from testcall_simulator.assumptions import ASSUMPTIONS
from testcall_simulator.calls import call_object
from testcall_simulator.clock import VirtualClock
from testcall_simulator.errors import SimulatorError
from testcall_simulator.faults import Fault
from testcall_simulator.http.addressing import split_authority
from testcall_simulator.ringing import ReceiverType, RingStatus
from testcall_simulator.world import WorldSnapshot

if TYPE_CHECKING:
    from testcall_contract.trace import TraceEvent
    from testcall_simulator.simulator import Simulator

TOKEN_HEADER = "x-testcall-token"
_OPEN = ("/_testcall/", "/_testcall/health", "/_testcall/assumptions", "/_testcall/openapi.json")
_MAX_BODY = 1 << 20
_MAX_SNAPSHOTS = 100

Act = Callable[[Request], Awaitable[Any]]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewUser(_Asked):
    """A user to add."""

    uid: str
    name: str = ""
    avatar: str = ""
    app_id: str | None = None


class Person(_Asked):
    """A virtual participant to send in; it has a tone and a moving picture unless told otherwise."""

    uid: str
    audio: bool = True
    video: bool = True
    audio_muted: bool = False
    video_paused: bool = False


class Someone(_Asked):
    """An occupant of a session, by nick."""

    nick: str


class Switch(_Asked):
    """Whether something is to go on."""

    on: bool = True


class Sentence(_Asked):
    """What an occupant says, for the transcriber."""

    nick: str
    text: str


class BadNetwork(_Asked):
    """How bad an occupant's network is, each way: fields of ``Impairment`` by name; absent: good."""

    nick: str
    up: dict[str, Any] | None = None
    down: dict[str, Any] | None = None
    seed: int = 0


class NewWebhook(_Asked):
    """An address to tell of calls: of everything, unless ``triggers`` says of what."""

    id: str = "webhook"
    url: str
    triggers: list[str] | None = None
    retry: bool = True
    username: str = ""
    password: str = ""
    app_id: str | None = None


class NewRing(_Asked):
    """A call for a user of the world to ring."""

    caller: str
    receiver: str
    receiver_type: ReceiverType = "user"
    type: Literal["audio", "video"] = "video"
    app_id: str | None = None


class RingChange(_Asked):
    """What a user of the world does with a ringing call."""

    uid: str
    status: RingStatus
    app_id: str | None = None


class Seconds(_Asked):
    """How far to advance the clock."""

    seconds: float


class Control:
    """The control API of one simulator. ``app`` is its ASGI application."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._snapshots: dict[str, WorldSnapshot] = {}
        acts: list[tuple[str, str, Act]] = [
            ("GET", "health", self._health),
            ("GET", "assumptions", self._assumptions),
            ("GET", "openapi.json", self._openapi),
            ("GET", "world", self._world),
            ("PATCH", "world/apps/{app_id}", self._configure),
            ("POST", "world/users", self._add_user),
            ("POST", "world/snapshots", self._snapshot),
            ("POST", "world/snapshots/{id}/restore", self._restore),
            ("GET", "sessions", self._sessions),
            ("POST", "sessions/{session_id}/peers", self._join),
            ("POST", "sessions/{session_id}/kick", self._kick),
            ("POST", "sessions/{session_id}/drop", self._drop),
            ("POST", "sessions/{session_id}/end", self._end),
            ("POST", "sessions/{session_id}/impair", self._impair),
            ("POST", "sessions/{session_id}/recording", self._record),
            ("POST", "sessions/{session_id}/transcription", self._transcribe),
            ("POST", "sessions/{session_id}/captions", self._speak),
            ("GET", "webhooks", self._webhooks),
            ("POST", "webhooks", self._add_webhook),
            ("DELETE", "webhooks/{id}", self._remove_webhook),
            ("POST", "rings", self._ring),
            ("POST", "rings/{session_id}", self._set_ring),
            ("GET", "trace", self._trace),
            ("GET", "trace.jsonl", self._trace_lines),
            ("GET", "trace.har", self._trace_har),
            ("GET", "faults", self._faults),
            ("POST", "faults", self._add_fault),
            ("DELETE", "faults", self._clear_faults),
            ("DELETE", "faults/{id}", self._remove_fault),
            ("GET", "clock", self._clock),
            ("POST", "clock/advance", self._advance),
        ]
        routes = [Route(f"/_testcall/{path}", self._guarded(act), methods=[method]) for method, path, act in acts]
        page = self._guarded(self._page)
        self.app = Starlette(routes=[Route("/_testcall", page), Route("/_testcall/", page), *routes])

    # -- the door ----------------------------------------------------------------------------------------------------

    def _guarded(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            refusal = refused(request, self._simulator.control_token)
            if refusal is not None:
                return _json({"error": refusal}, 403)
            try:
                answer = await act(request)
            except (SimulatorError, ValidationError, ValueError) as error:
                return _json({"error": _one_line(error)}, 400)
            return answer if isinstance(answer, Response) else _json(answer)

        return endpoint

    # -- looking -----------------------------------------------------------------------------------------------------

    async def _page(self, request: Request) -> Response:
        page = resources.files("testcall_simulator").joinpath("control.html").read_text(encoding="utf-8")
        policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'"
        return HTMLResponse(page, headers={"content-security-policy": policy, "referrer-policy": "no-referrer"})

    async def _health(self, request: Request) -> Any:
        return {"status": "ok"}

    async def _assumptions(self, request: Request) -> Any:
        return [asdict(assumption) for assumption in ASSUMPTIONS]

    async def _openapi(self, request: Request) -> Any:
        from testcall_simulator.openapi import openapi_document

        world = self._simulator.world
        return openapi_document(list(world.apps), {"uid": next(iter(world.users), "alice")})

    async def _world(self, request: Request) -> Any:
        return described_world(self._simulator)

    async def _sessions(self, request: Request) -> Any:
        world = self._simulator.world
        return [call_object(call, world.now()) | {"appId": call.app_id} for call in world.sessions]

    async def _trace(self, request: Request) -> Any:
        events = self._selected(request)
        return {"last": self._simulator.trace.last_seq, "events": [asdict(event) for event in events]}

    async def _trace_lines(self, request: Request) -> Response:
        lines = b"".join(orjson.dumps(asdict(event), default=str) + b"\n" for event in self._selected(request))
        return Response(lines, media_type="application/jsonl")

    async def _trace_har(self, request: Request) -> Any:
        from testcall_simulator.har import har_document

        return har_document(self._selected(request), time.time_ns() - time.monotonic_ns())

    def _selected(self, request: Request) -> list[TraceEvent]:
        query = request.query_params
        limit = _number(request, "limit", 1000)
        session = query.get("session")
        found = self._simulator.trace.select(
            name=query.get("name"),
            after=_number(request, "after", 0),
            where=lambda event: (
                event.kind == query.get("kind", event.kind) and session in (None, event.data.get("session"))
            ),
        )
        return found[:limit]

    # -- directing ---------------------------------------------------------------------------------------------------

    async def _configure(self, request: Request) -> Any:
        settings = TypeAdapter(dict[str, Any]).validate_json(await _body(request))
        return asdict(self._simulator.world.configure(request.path_params["app_id"], **settings))

    async def _add_user(self, request: Request) -> Any:
        asked = NewUser.model_validate_json(await _body(request))
        return asdict(self._simulator.world.add_user(asked.uid, asked.name, avatar=asked.avatar, app_id=asked.app_id))

    async def _snapshot(self, request: Request) -> Any:
        if len(self._snapshots) >= _MAX_SNAPSHOTS:
            raise SimulatorError(f"{_MAX_SNAPSHOTS} snapshots are held already; restart the simulator")
        name = f"snapshot-{len(self._snapshots) + 1}"
        self._snapshots[name] = self._simulator.world.snapshot()
        return {"id": name}

    async def _restore(self, request: Request) -> Any:
        name = request.path_params["id"]
        if name not in self._snapshots:
            raise SimulatorError(f"no snapshot {name!r}; there are: {', '.join(self._snapshots) or 'none'}")
        self._simulator.world.restore(self._snapshots[name])
        return {"restored": name}

    async def _join(self, request: Request) -> Any:
        from testcall_simulator.media.sources import Pattern, Tone

        asked = Person.model_validate_json(await _body(request))
        peer = await self._simulator.join_peer(
            request.path_params["session_id"],
            asked.uid,
            audio=Tone() if asked.audio else None,
            video=Pattern() if asked.video else None,
            audio_muted=asked.audio_muted,
            video_paused=asked.video_paused,
        )
        return {"uid": peer.uid, "nick": peer.nick, "session": peer.session_id}

    async def _kick(self, request: Request) -> Any:
        nick = Someone.model_validate_json(await _body(request)).nick
        await self._simulator.kick(request.path_params["session_id"], nick)
        return {"kicked": nick}

    async def _drop(self, request: Request) -> Any:
        nick = Someone.model_validate_json(await _body(request)).nick
        await self._simulator.drop_socket(request.path_params["session_id"], nick)
        return {"dropped": nick}

    async def _end(self, request: Request) -> Any:
        await self._simulator.end_session(request.path_params["session_id"])
        return {"ended": request.path_params["session_id"]}

    async def _impair(self, request: Request) -> Any:
        from testcall_simulator.media.impairment import Impairment

        asked = BadNetwork.model_validate_json(await _body(request))
        read = TypeAdapter(Impairment)
        known = {field.name for field in fields(Impairment)}
        if unknown := {*(asked.up or {}), *(asked.down or {})} - known:
            raise SimulatorError(f"a network has no {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
        up, down = (None if bad is None else read.validate_python(bad) for bad in (asked.up, asked.down))
        session_id = request.path_params["session_id"]
        await self._simulator.impair(session_id, asked.nick, up=up, down=down, seed=asked.seed)
        return {"session": session_id, "nick": asked.nick, "up": asked.up, "down": asked.down}

    async def _record(self, request: Request) -> Any:
        on, session_id = Switch.model_validate_json(await _body(request)).on, request.path_params["session_id"]
        await (self._simulator.start_recording if on else self._simulator.stop_recording)(session_id)
        return {"session": session_id, "recording": on}

    async def _transcribe(self, request: Request) -> Any:
        on, session_id = Switch.model_validate_json(await _body(request)).on, request.path_params["session_id"]
        await (self._simulator.start_transcription if on else self._simulator.stop_transcription)(session_id)
        return {"session": session_id, "transcription": on}

    async def _speak(self, request: Request) -> Any:
        said = Sentence.model_validate_json(await _body(request))
        await self._simulator.speak(request.path_params["session_id"], said.nick, said.text)
        return {"said": said.text}

    async def _webhooks(self, request: Request) -> Any:
        world = self._simulator.world
        return [
            {
                "appId": one.app_id,
                "id": one.id,
                "url": one.url,
                "enabled": one.enabled,
                "triggers": sorted(one.triggers),
            }
            for app_id in world.apps
            for one in world.webhooks.of(app_id)
        ]

    async def _add_webhook(self, request: Request) -> Any:
        asked = NewWebhook.model_validate_json(await _body(request))
        chosen = asked.model_dump(exclude={"id", "url", "app_id"}, exclude_none=True)
        made = self._simulator.world.add_webhook(asked.id, asked.url, app_id=asked.app_id, **chosen)
        return {"appId": made.app_id, "id": made.id}

    async def _remove_webhook(self, request: Request) -> Any:
        world, name = self._simulator.world, request.path_params["id"]
        for app_id in world.apps:
            world.webhooks.remove(app_id, name)
        return {"removed": name}

    async def _ring(self, request: Request) -> Any:
        asked = NewRing.model_validate_json(await _body(request))
        ring = await self._simulator.ring(
            asked.caller, asked.receiver, receiver_type=asked.receiver_type, type=asked.type, app_id=asked.app_id
        )
        return {"session": ring.session_id, "status": ring.status}

    async def _set_ring(self, request: Request) -> Any:
        asked = RingChange.model_validate_json(await _body(request))
        session_id = request.path_params["session_id"]
        ring = await self._simulator.set_ring(session_id, asked.uid, asked.status, app_id=asked.app_id)
        return {"session": ring.session_id, "status": ring.status}

    async def _faults(self, request: Request) -> Any:
        return self._simulator.faults.describe()

    async def _add_fault(self, request: Request) -> Any:
        body = await _body(request)
        unknown = set(TypeAdapter(dict[str, Any]).validate_json(body)) - {field.name for field in fields(Fault)}
        if unknown:
            raise SimulatorError(f"a fault has no {', '.join(sorted(unknown))}")
        return {"id": self._simulator.faults.add(TypeAdapter(Fault).validate_json(body))}

    async def _clear_faults(self, request: Request) -> Any:
        self._simulator.faults.clear()
        return {"faults": 0}

    async def _remove_fault(self, request: Request) -> Any:
        self._simulator.faults.remove(request.path_params["id"])
        return {"removed": request.path_params["id"]}

    async def _clock(self, request: Request) -> Any:
        clock = self._simulator.clock
        return {"now": clock.now(), "virtual": isinstance(clock, VirtualClock)}

    async def _advance(self, request: Request) -> Any:
        clock = self._simulator.clock
        if not isinstance(clock, VirtualClock):
            raise SimulatorError("the clock is the host's; start with --clock virtual to advance it")
        await clock.advance(Seconds.model_validate_json(await _body(request)).seconds)
        return {"now": clock.now(), "virtual": True}


def refused(request: Request, token: str) -> str | None:
    """Why ``request`` may not come in; None if it may."""
    peer = request.client.host if request.client is not None else ""
    if not _is_loopback(peer):
        return "the control API answers this machine only"
    authority = request.headers.get("host", "")
    host, _ = split_authority(authority)
    if not (host == "localhost" or host.endswith(".localhost") or _is_loopback(host.strip("[]"))):
        return f"the control API doesn't answer to the name {host!r}; use 127.0.0.1 or localhost"
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{authority}":
        return f"the control API answers no pages of {origin}"
    if request.url.path.rstrip("/") in {path.rstrip("/") for path in _OPEN} and request.method == "GET":
        return None
    if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), token.encode()):
        return f"the control token is missing or wrong; send {TOKEN_HEADER}, the simulator prints it at its start"
    return None


def described_world(simulator: Simulator) -> dict[str, Any]:
    """What the world holds, JSON-like, keys and auth tokens included."""
    world = simulator.world
    return {
        "seed": world.seed,
        "apps": [
            {
                **asdict(app),
                "auth_key": world.key_of(app.app_id),
                "rest_key": world.key_of(app.app_id, "fullAccess"),
                "users": [asdict(user) for user in world.users_of(app.app_id).values()],
                "calls": [call_object(call, world.now()) for call in world.calls_of(app.app_id)],
            }
            for app in world.apps.values()
        ],
    }


def _number(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit():
        raise SimulatorError(f"{name}={text!r} is no whole number from 0")
    return int(text)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or (mapped is not None and mapped.is_loopback)


async def _body(request: Request) -> bytes:
    chunks: list[bytes] = []
    async for chunk in request.stream():
        chunks.append(chunk)
        if sum(map(len, chunks)) > _MAX_BODY:
            raise SimulatorError(f"a body of more than {_MAX_BODY} bytes")
    return b"".join(chunks) or b"{}"


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value, default=str), status, media_type="application/json")


def _one_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'body'}: {first['msg']}"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
