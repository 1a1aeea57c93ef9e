"""The one module that reaches into aiortc: it knows what it needs, and corrects what it says that it corrects."""

import asyncio
import importlib.metadata
import subprocess
import sys

import pytest
from aioice.ice import Connection
from aiortc import RTCPeerConnection

from testcall_simulator.media import aiortc_internals
from testcall_simulator.media.sources import MediaError

pytestmark = pytest.mark.media


async def pair():
    """Two ICE agents on loopback, connected."""
    one, other = Connection(ice_controlling=True), Connection(ice_controlling=False)
    for agent in (one, other):
        aiortc_internals.offer_addresses(agent, ["127.0.0.1"])
        await agent.gather_candidates()
    for agent, peer in ((one, other), (other, one)):
        agent.remote_username, agent.remote_password = peer.local_username, peer.local_password
        for candidate in peer.local_candidates:
            await agent.add_remote_candidate(candidate)
        await agent.add_remote_candidate(None)
    return one, other


def test_every_private_name_is_there():
    assert aiortc_internals.self_test() == []


def test_a_name_that_is_gone_is_told(monkeypatch):
    monkeypatch.delattr(Connection, "query_consent")
    assert aiortc_internals.self_test() == ["Connection.query_consent"]


def test_another_version_is_refused(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda package: "2.0.0")
    with pytest.raises(MediaError, match=r"media needs aiortc 1\.16\.\*, found 2\.0\.0: install"):
        aiortc_internals.check_versions()


async def test_only_the_addresses_that_are_asked_for_are_offered():
    agent = Connection(ice_controlling=True)
    aiortc_internals.offer_addresses(agent, ["127.0.0.1"])
    await agent.gather_candidates()
    assert [candidate.host for candidate in agent.local_candidates] == ["127.0.0.1"]
    await agent.close()


async def test_consent_ends_when_the_last_valid_answer_is_too_old():
    one, other = await pair()
    loop = asyncio.get_running_loop()
    valid, requests = [], []
    aiortc_internals.fix_consent(one, interval_s=0.1, expiry_s=0.8, seed=1)
    stock = other.request_received

    def count(message, addr, protocol):
        requests.append(message.transaction_id)
        if len(requests) <= 6:
            valid.append(loop.time())
            stock(message, addr, protocol)

    await asyncio.gather(one.connect(), other.connect())
    other.request_received = count
    while await one.get_event() is None:
        pass
    lasted = loop.time() - valid[-1]
    # Stock aioice would have gone on for six failures of 0.5 s and more each.
    assert 0.8 <= lasted < 2.0
    assert len(set(requests)) == len(requests), "each check is sent once, with an id of its own"
    assert len(requests) > 6
    with pytest.raises(ConnectionError):
        await one.send(b"nothing may be sent any more")
    await other.close()


async def test_consent_goes_on_while_it_is_answered():
    one, other = await pair()
    aiortc_internals.fix_consent(one, interval_s=0.05, expiry_s=1.2, seed=1)
    answered = asyncio.Event()
    count = 0
    stock = other.request_received

    def request_received(message, addr, protocol):
        nonlocal count
        stock(message, addr, protocol)
        count += 1
        if count == 50:  # 2.5 s: twice the expiry
            answered.set()

    await asyncio.gather(one.connect(), other.connect())
    other.request_received = request_received
    await asyncio.wait_for(answered.wait(), 20)
    await one.send(b"still allowed")
    assert await other.recv() == b"still allowed"
    await one.close()
    await other.close()


async def test_legs_share_one_certificate():
    one, other = aiortc_internals.new_peer_connection(), aiortc_internals.new_peer_connection()
    fingerprints = set()
    for connection in (one, other):
        connection.addTransceiver("audio")
        offer = await connection.createOffer()
        fingerprints |= {line for line in offer.sdp.splitlines() if line.startswith("a=fingerprint:sha-256")}
        await connection.close()
    assert len(fingerprints) == 1


async def test_an_unknown_ssrc_is_dropped_by_a_corrected_router():
    from aiortc.rtp import RtpPacket

    connection = RTCPeerConnection()
    transceiver = connection.addTransceiver("video")
    router = transceiver.receiver.transport._rtp_router
    router.register_receiver(transceiver.receiver, [21], [97])
    assert router.route_rtp(RtpPacket(payload_type=97, ssrc=99)) is transceiver.receiver, "stock: bound to the only one"
    aiortc_internals.drop_unknown_ssrc(connection)
    assert router.route_rtp(RtpPacket(payload_type=97, ssrc=98)) is None
    assert router.route_rtp(RtpPacket(payload_type=97, ssrc=21)) is transceiver.receiver
    await connection.close()


@pytest.mark.parametrize(
    "module", ["testcall_simulator", "testcall_simulator.jingle", "testcall_simulator.sdp", "testcall_simulator.media"]
)
def test_nothing_heavy_is_loaded_before_it_is_needed(module):
    code = (
        f"import sys, {module}, testcall_simulator.media.sources, testcall_simulator.media.samples\n"
        "print([name for name in ('numpy', 'av', 'aiortc', 'aioice') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


async def test_a_blocked_loop_is_seen():
    import time

    from testcall_simulator.media.steadiness import LoopLag, frozen_heap

    with frozen_heap():
        async with LoopLag() as lag:
            assert lag.read().samples == 0
            while lag.read().samples < 3:  # noqa: ASYNC110
                await asyncio.sleep(0)
            time.sleep(0.3)  # noqa: ASYNC251 - the fault that is to be seen
            while lag.read().samples < 5:  # noqa: ASYNC110
                await asyncio.sleep(0)
    assert lag.read().max_ms > 200
    assert lag.read().p50_ms < lag.read().max_ms
