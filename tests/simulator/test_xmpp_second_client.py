"""A second XMPP library, xmpp.js, which no SDK uses and which knows nothing of us: no stanza is special to one client."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from testcall_simulator import Simulator

ROOT = Path(__file__).resolve().parents[2]
CHAT = Path(__file__).parent / "xmpp_client" / "chat.mjs"


@pytest.fixture(scope="module")
def package():
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "xmpp_client.py"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(done.stderr.strip())
    return done.stdout.strip()


class Client:
    """A process that speaks by the library: what it tells, and what it is told."""

    def __init__(self, process):
        self.process, self.told = process, []

    async def until(self, **wanted):
        """The next thing told that has these members."""
        async with asyncio.timeout(30):
            while line := await self.process.stdout.readline():
                self.told.append(json.loads(line))
                if wanted.items() <= self.told[-1].items():
                    return self.told[-1]
        raise AssertionError(f"ended without {wanted}: {self.told} {await self.process.stderr.read()}")

    def ask(self, **what):
        self.process.stdin.write(json.dumps(what).encode() + b"\n")


@contextlib.asynccontextmanager
async def dialled(sim, package, uid, session="s1", nick="other1", token=None):
    token = token or sim.world.issue_call_token(sim.world.user(uid), session)
    process = await asyncio.create_subprocess_exec(
        "node",
        CHAT,
        f"{sim.addresses.plain_xmpp}?token={token}",
        "localhost",
        f"{session}@conference.localhost",
        nick,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TESTCALL_XMPP_CLIENT": package},
    )
    try:
        yield Client(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_it_logs_in_joins_hears_and_is_heard_survives_a_cut_and_leaves(package):
    async with Simulator() as sim, dialled(sim, package, "alice") as alice:
        peer = await sim.join_peer("s1", "bob")
        await alice.until(ready="true")
        assert (await alice.until(stanza="presence", codes=["100", "110"]))["from"].endswith("/other1")
        assert {told["from"].partition("/")[2] for told in alice.told if told.get("stanza") == "presence"} == {
            "focus",
            peer.nick,
            "other1",
        }
        assert sim.occupants("s1") == {peer.nick: "bob", "other1": "alice"}
        async with dialled(sim, package, "carol", nick="other2") as carol:
            await carol.until(stanza="presence", codes=["100", "110"])
            carol.ask(say="good morning")
            for one in (alice, carol):
                assert (await one.until(body="good morning"))["from"] == "s1@conference.localhost/other2"
            alice.ask(cut=True)
            await alice.until(status="disconnect")
            carol.ask(say="are you there?")
            assert (await alice.until(body="are you there?"))["type"] == "groupchat"
            alice.ask(say="still here")
            await carol.until(body="still here")
            assert "socket_resumed" in [event.name for event in sim.trace]
            carol.ask(leave=True)
            await alice.until(stanza="presence", type="unavailable", **{"from": "s1@conference.localhost/other2"})
            assert await carol.process.wait() == 0
        assert [event.name for event in sim.trace if event.kind == "log"] == []
        assert sim.occupants("s1") == {peer.nick: "bob", "other1": "alice"}
        await sim.kick("s1", "other1")
        assert "307" in (await alice.until(stanza="presence", type="unavailable"))["codes"]


async def test_a_token_of_another_session_or_none_that_is_good_does_not_let_it_in(package):
    async with Simulator() as sim:
        other = sim.world.issue_call_token(sim.world.user("alice"), "elsewhere")
        for token, refusal in ((other, "not-allowed"), ("garbage", "not-authorized")):
            async with dialled(sim, package, "alice", token=token) as client:
                while "error" not in (told := await client.until()):
                    pass
                assert refusal in told["error"]
        assert sim.occupants("s1") == {}
