"""Servers under test, each in a process of its own: ``python -m benchmarks.servers simulator|soak|bare|echo``.

Each prints one line of JSON with its port and what a client needs, and serves until its standard input ends. ``bare`` is the
floor: the simulator's own listener (uvicorn, httptools, uvloop) with an ASGI function that only parses, looks up, signs and
answers, without routes, refusals, CORS or trace.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

import orjson

from benchmarks.lines import lines_of_stdin
from testcall_contract.trace import Trace
from testcall_simulator.app import Listener, bind
from testcall_simulator.clock import VirtualClock
from testcall_simulator.simulate import TRACE_LIMIT
from testcall_simulator.simulator import Simulator, loop_factory
from testcall_simulator.tokens import CallToken, mint_call_token, read_call_token, signing_secret

SESSION = "bench-session"


async def simulator() -> None:
    """The simulator as `testcall simulate` runs it, without media."""
    async with Simulator(trace=Trace(limit=TRACE_LIMIT)) as sim:
        sim.signalling._bridges = None
        alice = sim.world.user("alice")
        users = {f"user{n}": sim.world.add_user(f"user{n}") for n in range(8)}
        about = {
            "port": sim.addresses.port,
            "path": f"/{sim.addresses.app_id}/call/v3.0/call_tokens",
            "auth_token": alice.auth_token,
            "call_token": sim.world.issue_call_token(alice, SESSION),
            "domain": f"localhost:{sim.addresses.tls_port}",
            "websocket": "/xmpp-websocket",
        }
        await _serve(about, lambda line: _tokens(sim, users, int(line)))


def _tokens(sim: Simulator, users: dict[str, Any], sessions: int) -> str:
    """Call tokens for two users of each of ``sessions`` sessions, or for eight of session ``bench``."""
    if sessions == 0:
        return json.dumps([[sim.world.issue_call_token(user, "bench") for user in users.values()]])
    pair = list(users.values())[:2]
    return json.dumps([[sim.world.issue_call_token(user, f"s{n}") for user in pair] for n in range(sessions)])


async def soak() -> None:
    """The simulator on a virtual clock, with the bounds of what it keeps set so low that they are reached in the first hour."""
    clock = VirtualClock()
    async with Simulator(clock=clock, trace=Trace(limit=500)) as sim:
        sim.signalling._bridges = None
        sim.world.calls.limit = 50
        sim.trace.secrets.max_tokens = 50
        pair = [sim.world.user("alice"), sim.world.user("bob")]

        async def answer(line: str) -> str:
            word, *numbers = line.split()
            if word == "advance":
                await clock.advance(float(numbers[0]))
                return "done"
            if word == "held":
                gc.collect()
                return f"{resident_mb():.3f}"
            minute, sessions = map(int, numbers)
            names = [f"m{minute}x{number}" for number in range(sessions)]
            return json.dumps([[sim.world.issue_call_token(user, name) for user in pair] for name in names])

        about = {"port": sim.addresses.port, "websocket": "/xmpp-websocket", "domain": "localhost"}
        await _serve(about, answer)


def resident_mb() -> float:
    """Memory of this process that is in use, in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def bare() -> None:
    """The floor of call tokens: POST makes one, GET verifies one."""
    secret = signing_secret(0, "testapp")
    users = {"alice_token_of_the_benchmark": "alice"}
    made = mint_call_token(
        CallToken("testapp", "us", SESSION, "alice", "alice_token_of_the_benchmark", 0, None), secret, "0"
    )

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = (_create if scope["method"] == "POST" else _verify)(headers, body, users, secret)
        length = str(len(answer)).encode()
        start = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": answer})

    await _listen(app, {"path": "/call_tokens", "auth_token": next(iter(users)), "call_token": made})


def _create(headers: dict[str, str], body: bytes, users: dict[str, str], secret: str) -> bytes:
    session = orjson.loads(body)["sessionId"]
    auth_token = headers["authtoken"]
    token = CallToken("testapp", "us", session, users[auth_token], auth_token, 1_750_000_000, None)
    return orjson.dumps({"data": {"token": mint_call_token(token, secret, uuid.uuid4().hex)}})


def _verify(headers: dict[str, str], body: bytes, users: dict[str, str], secret: str) -> bytes:
    value = headers["calltoken"]
    said = read_call_token(value, lambda app_id: secret, 1_750_000_000.0)
    person = {"uid": said.uid, "name": said.uid, "avatar": ""}
    inner = {"appId": said.app_id, "region": said.region, "authToken": said.auth_token, "sessionId": said.session_id}
    settings = {"WEBRTC_HOST": "localhost", "PRESENTER_MODE_ENABLED": True, "ANALYTICS_HOST": "localhost"}
    payload = {"room": said.session_id, "data": {**inner, "passthrough": None, "user": person}}
    return orjson.dumps({"data": {"callToken": value, "settings": settings, "payload": payload}})


async def echo() -> None:
    """The floor of signalling: a WebSocket that answers each text with itself."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "xmpp"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})

    await _listen(app, {"websocket": "/"})


async def _listen(app: Any, about: dict[str, Any]) -> None:
    listener = Listener(app, bind("127.0.0.1", 0), None)
    await listener.start()
    try:
        await _serve({"port": listener.port, **about}, lambda line: line)
    finally:
        await listener.stop()


async def _serve(about: dict[str, Any], answer: Any) -> None:
    """Print what a client needs, answer lines of standard input, end with it."""
    print(json.dumps({"pid": os.getpid(), **about}), flush=True)
    async for line in lines_of_stdin():
        said = answer(line)
        print(await said if inspect.isawaitable(said) else said, flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run({"simulator": simulator, "soak": soak, "bare": bare, "echo": echo}[sys.argv[1]]())
