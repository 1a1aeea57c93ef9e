"""Signalling over real sockets, with a client of RFC 7395 that shares no code with the simulator."""

import asyncio
import xml.etree.ElementTree as ET  # another parser than the service's

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from testcall_simulator.clock import VirtualClock
from testcall_simulator.errors import SimulatorError
from testcall_simulator.faults import Fault
from testcall_simulator.simulator import Simulator
from testcall_simulator.xmpp_edge import SignallingService

LIMIT_S = 20
C, MUC = "{jabber:client}", "{http://jabber.org/protocol/muc#user}"


class Occupant:
    """A client of the service. ``read`` gives the frames in order, parsed."""

    def __init__(self, sim, ws, session):
        self.sim, self.ws, self.session = sim, ws, session
        self.domain = f"localhost:{sim.addresses.tls_port}"
        self.room = f"{session.lower()}@conference.{self.domain}"

    @classmethod
    async def dial(cls, sim, uid="alice", session="s1", token=None, **query):
        token = token if token is not None else sim.world.issue_call_token(sim.world.user(uid), session)
        more = "".join(f"&{name}={value}" for name, value in query.items())
        ws = await connect(f"{sim.addresses.plain_xmpp}?token={token}{more}", subprotocols=["xmpp"], ping_interval=None)
        return cls(sim, ws, session)

    async def send(self, *frames):
        for frame in frames:
            await self.ws.send(frame)

    async def read(self, count=1):
        async with asyncio.timeout(LIMIT_S):
            got = [ET.fromstring(await self.ws.recv()) for _ in range(count)]
        return got[0] if count == 1 else got

    async def until(self, wanted):
        """Read up to the first stanza that ``wanted`` accepts."""
        while not wanted(found := await self.read()):
            pass
        return found

    async def log_in(self):
        opened = f'<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="{self.domain}" version="1.0"/>'
        await self.send(opened, '<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>')
        self.outcome = (await self.read(3))[-1].tag.rpartition("}")[2]
        if self.outcome == "success":
            await self.send(opened)
            await self.read(2)
        return self

    async def bind(self):
        bind = '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>'
        await self.send(f'<iq xmlns="jabber:client" type="set" id="b">{bind}</iq>')
        self.jid = next((await self.read()).iter("{urn:ietf:params:xml:ns:xmpp-bind}jid")).text
        return self

    async def manage(self):
        await self.send('<enable xmlns="urn:xmpp:sm:3" resume="true"/>')
        self.previous = (await self.read()).get("id")
        return self

    async def join(self, nick):
        focus = f'<conference xmlns="http://jitsi.org/protocol/focus" room="{self.room}"/>'
        await self.send(f'<iq xmlns="jabber:client" type="set" id="c" to="focus.{self.domain}">{focus}</iq>')
        self.nick = nick
        await self.presence('<x xmlns="http://jabber.org/protocol/muc"/>')
        await self.until(lambda one: one.tag == f"{C}message")
        return self

    async def presence(self, children=""):
        await self.send(f'<presence xmlns="jabber:client" to="{self.room}/{self.nick}">{children}</presence>')

    async def ping(self, number="p"):
        await self.send(f'<iq xmlns="jabber:client" type="get" id="{number}"><ping xmlns="urn:xmpp:ping"/></iq>')

    async def closed(self):
        async with asyncio.timeout(LIMIT_S):
            await self.ws.wait_closed()
        return self.ws.close_code


async def joined(sim, uid="alice", session="s1", nick=None, manage=False):
    client = await (await Occupant.dial(sim, uid, session)).log_in()
    await client.bind()
    if manage:
        await client.manage()
    return await client.join(nick or f"{uid}1")


def status(presence):
    return [one.get("code") for one in presence.iter(f"{MUC}status")]


@pytest.fixture
async def sim():
    async with Simulator() as simulator:
        simulator.signalling._bridges = None
        yield simulator


def seen(sim, name, **data):
    async def wait():
        return await sim.trace.wait(
            lambda event: event.name == name and all(event.data.get(key) == value for key, value in data.items()),
            what=name,
            timeout_s=LIMIT_S,
        )

    return wait()


async def test_a_client_joins_sees_a_peer_come_mute_and_leave(sim):
    alice = await joined(sim)
    bob = await sim.join_peer("s1", "bob")
    came = await alice.read()
    assert (came.get("from"), came.findtext(f"{C}uid")) == (f"{alice.room}/{bob.nick}", "bob")
    await bob.mute_audio(True)
    assert '"muted":true' in (await alice.read()).findtext(f"{C}SourceInfo")
    await bob.leave()
    assert (await alice.read()).get("type") == "unavailable"
    await bob.leave()
    told = [event.name for event in sim.trace if event.data.get("uid") == "bob" and event.data["channel"] == "service"]
    assert told == ["occupant_joined", "source_unmuted", "source_unmuted", "source_muted", "occupant_left"]


async def test_a_socket_without_the_subprotocol_is_refused(sim):
    with pytest.raises(InvalidStatus) as refused:
        await connect(sim.addresses.plain_xmpp)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("token", ["garbage", "a.b.c"])
async def test_a_bad_token_fails_the_login(sim, token):
    assert (await (await Occupant.dial(sim, token=token)).log_in()).outcome == "failure"


async def test_a_forged_token_fails_the_login(sim):
    async with Simulator(seed=7) as other:
        forged = other.world.issue_call_token(other.world.user("alice"), "s1")
    assert (await (await Occupant.dial(sim, token=forged)).log_in()).outcome == "failure"


async def test_a_domain_that_is_not_ours_is_unknown(sim):
    alice = await Occupant.dial(sim)
    await alice.send('<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="example.org" version="1.0"/>')
    assert "host-unknown" in ET.tostring((await alice.read(2))[1]).decode()
    assert await alice.closed() == 1000


async def test_a_session_for_certain_users_is_closed_to_others(sim):
    token = sim.world.issue_call_token(sim.world.user("bob"), "s1")
    sim.world.open_session("s1", members=["alice"])
    bob = await (await Occupant.dial(sim, token=token)).log_in()
    await bob.bind()
    bob.nick = "b"
    await bob.presence()
    assert (await bob.read()).get("type") == "error"


async def test_binary_frames_end_the_stream(sim):
    alice = await (await Occupant.dial(sim)).log_in()
    await alice.ws.send(b"<presence/>")
    assert "unsupported-encoding" in ET.tostring(await alice.read()).decode()
    assert await alice.closed() == 1000


async def test_the_kicked_is_told_why_and_the_others_too(sim):
    alice, bob = await joined(sim), await joined(sim, "bob")
    await alice.read()
    await sim.kick("s1", "bob1")
    assert status(await bob.read()) == ["307", "110"]
    assert status(await alice.read()) == ["307"]
    assert (await seen(sim, "occupant_left", uid="bob")).data["reason"] == "kicked"


async def test_a_session_that_is_ended_destroys_the_room_and_ends_the_call_log(sim):
    alice = await joined(sim)
    assert sim.world.find_session("testapp", "s1").present[0].uid == "alice"
    await sim.end_session("S1")
    assert next((await alice.read()).iter(f"{MUC}destroy")) is not None
    assert sim.world.find_session("testapp", "s1") is None
    assert sim.world.find_call("testapp", "s1").status == "ended"


async def test_a_recording_of_the_service_shows_and_goes(sim):
    alice = await joined(sim)
    await sim.start_recording("s1")
    recorder = (await alice.read(3))[1]
    assert "jibri" in recorder.findtext(f"{C}stats-id")
    await sim.stop_recording("s1")
    assert (await alice.read()).get("type") == "unavailable"
    assert sim.signalling.occupants("s1") == {"alice1": "alice"}


async def test_the_focus_tells_a_client_to_mute_and_a_peer_obeys(sim):
    alice = await joined(sim)
    bob = await sim.join_peer("s1", "bob")
    await alice.read()
    await sim.mute_participant("s1", "alice1", "audio")
    assert (await alice.read())[0].tag == "{http://jitsi.org/jitmeet/audio}mute"
    await sim.mute_participant("s1", bob.nick, "video")
    assert (await seen(sim, "source_muted", uid="bob")).data["kind"] == "video"
    assert bob.persona.video_paused


async def test_a_dropped_socket_is_resumed_without_anybody_noticing(sim):
    alice, bob = await joined(sim, manage=True), await joined(sim, "bob")
    await sim.drop_socket("s1", "alice1")
    assert await alice.closed() == 1006
    await bob.presence("<mark/>")
    await bob.read()
    again = await (await Occupant.dial(sim, previd=alice.previous)).log_in()
    await again.send(f'<resume xmlns="urn:xmpp:sm:3" previd="{alice.previous}" h="4"/>')
    assert (await again.read()).tag == "{urn:xmpp:sm:3}resumed"
    assert (await again.until(lambda one: one.find(f"{C}mark") is not None)).get("to") == alice.jid
    await again.ping()
    await again.until(lambda one: one.get("id") == "p")
    assert sim.signalling.occupants("s1") == {"alice1": "alice", "bob1": "bob"}
    assert (await seen(sim, "socket_resumed")).data["occupant"] == "alice1"


async def test_who_does_not_come_back_leaves_when_the_clock_says_so():
    clock = VirtualClock()
    async with Simulator(clock=clock) as sim:
        await joined(sim, manage=True)
        bob = await joined(sim, "bob")
        await sim.drop_socket("s1", "alice1")
        await seen(sim, "socket_closed")
        await clock.advance(59)
        assert "alice1" in sim.signalling.occupants("s1")
        await clock.advance(2)
        left = await bob.until(lambda one: one.get("type") == "unavailable")
        assert left.get("from").endswith("/alice1")
        assert (await seen(sim, "occupant_left")).data["reason"] == "timeout"


async def test_acts_on_who_is_not_there_say_so(sim):
    with pytest.raises(SimulatorError, match="no session"):
        await sim.kick("s9", "x")
    alice = await joined(sim)
    await alice.ws.close()
    await seen(sim, "socket_closed")
    await sim.join_peer("s1", "bob")
    with pytest.raises(SimulatorError, match="no open socket"):
        await sim.drop_socket("s1", "nobody")


async def test_the_trace_has_every_frame_both_ways_and_no_token(sim):
    token = sim.world.issue_call_token(sim.world.user("alice"), "s1")
    alice = await (await Occupant.dial(sim, token=token)).log_in()
    await alice.bind()
    await alice.join("alice1")
    await alice.presence(f"<leak>{token}</leak>")
    told = await alice.read()
    assert told.findtext(f"{C}leak") == token
    frames = sim.trace.select(where=lambda event: event.data.get("channel") == "xmpp")
    kinds = [(event.data["direction"], event.name) for event in frames]
    assert kinds[:5] == [("in", "open"), ("out", "open"), ("out", "features"), ("in", "auth"), ("out", "success")]
    assert frames[-1].data["occupant"] == "alice1"
    assert frames[-1].data["uid"] == "alice"
    assert not any(token in event.data["stanza"] for event in frames)


async def test_stopping_the_simulator_closes_the_sockets():
    async with Simulator() as sim:
        alice = await joined(sim)
    assert await alice.closed() == 1001


class Bridge:
    """A bridge that keeps what it is asked."""

    def __init__(self, session, trace, send_iq):
        self.session, self.send_iq, self.asked, self.fails = session, send_iq, asyncio.Queue(), False

    async def add_leg(self, nick, uid):
        if self.fails:
            raise RuntimeError("no leg today")
        self.asked.put_nowait(("add_leg", nick, uid))
        await self.send_iq(nick, _jingle("session-initiate"))

    async def on_jingle(self, nick, jingle):
        self.asked.put_nowait(("on_jingle", nick, jingle.get("action")))

    async def remove_leg(self, nick):
        self.asked.put_nowait(("remove_leg", nick))

    def add_publisher(self, nick, uid, audio, video):
        self.asked.put_nowait(("add_publisher", uid, audio, video))

    async def remove_publisher(self, nick):
        self.asked.put_nowait(("remove_publisher", nick))

    async def close(self):
        self.asked.put_nowait(("close",))

    async def next(self):
        return await asyncio.wait_for(self.asked.get(), LIMIT_S)


def _jingle(action):
    from testcall_simulator.xmpp.xml import make

    return make("urn:xmpp:jingle:1", "jingle", {"action": action})


@pytest.fixture
async def bridged():
    bridges = {}

    def make(session, trace, send_iq):
        return bridges.setdefault(session, Bridge(session, trace, send_iq))

    async with Simulator() as sim:
        sim._signalling = SignallingService(sim.world, sim.trace, sim.clock, bridges=make, faults=sim.faults)
        yield sim, bridges


async def test_media_of_a_session_goes_through_its_bridge_in_order(bridged):
    sim, bridges = bridged
    alice = await joined(sim)
    bob = await sim.join_peer("s1", "bob", audio="tone", video="bars")
    bridge = bridges["s1"]
    assert await bridge.next() == ("add_publisher", "bob", "tone", "bars")
    assert await bridge.next() == ("add_leg", "alice1", "alice")
    offer = await alice.until(lambda one: one.tag == f"{C}iq" and one.get("type") == "set")
    assert offer.get("from") == f"{alice.room}/focus"
    accept = '<jingle xmlns="urn:xmpp:jingle:1" action="session-accept"/>'
    await alice.send(f'<iq xmlns="jabber:client" type="set" id="j" to="{alice.room}/focus">{accept}</iq>')
    assert (await alice.read()).get("type") == "result"
    assert await bridge.next() == ("on_jingle", "alice1", "session-accept")
    await bob.leave()
    assert await bridge.next() == ("remove_publisher", bob.nick)
    await alice.send('<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>')
    assert [await bridge.next(), await bridge.next()] == [("remove_leg", "alice1"), ("close",)]


async def test_a_call_goes_on_when_its_media_fails(bridged):
    sim, bridges = bridged
    alice = await joined(sim)
    await sim.join_peer("s1", "carol")
    bridges["s1"].fails = True
    bob = await joined(sim, "bob")
    failed = await seen(sim, "media_failed")
    assert "no leg today" in failed.data["error"]
    await bob.presence("<mark/>")
    await alice.until(lambda one: one.find(f"{C}mark") is not None)


async def test_without_the_media_extra_a_call_is_joined_and_the_trace_says_why_there_is_none():
    def missing(*_):
        raise ImportError("No module named 'aiortc'")

    async with Simulator() as sim:
        sim._signalling = SignallingService(sim.world, sim.trace, sim.clock, bridges=missing)
        await joined(sim)
        bob = await sim.join_peer("s1", "bob")
        assert "testcall[media]" in (await seen(sim, "no_media")).data["reason"]
        with pytest.raises(SimulatorError, match="no media"):
            _ = bob.publisher


# Faults


async def test_a_dropped_stanza_never_comes(sim):
    alice = await joined(sim)
    sim.faults.add(Fault("xmpp", "drop", "presence", direction="out", uid="alice", contains="<lost/>"))
    await alice.presence("<lost/>")
    await alice.presence("<mark/>")
    assert (await alice.read()).find(f"{C}mark") is not None
    lost = sim.trace.select(name="presence", where=lambda event: event.data.get("faults") == ["drop"])
    assert len(lost) == 1


async def test_a_stanza_comes_twice_or_after_the_next(sim):
    alice = await joined(sim)
    sim.faults.add(Fault("xmpp", "duplicate", "presence", direction="in"))
    await alice.presence("<a/>")
    assert [one[0].tag for one in await alice.read(2)] == [f"{C}a", f"{C}a"]
    sim.faults.add(Fault("xmpp", "reorder", "presence", direction="out"))
    await alice.presence("<b/>")
    await alice.presence("<c/>")
    assert [one[0].tag for one in await alice.read(2)] == [f"{C}c", f"{C}b"]


async def test_a_delayed_stanza_holds_back_those_behind_it():
    clock = VirtualClock()
    async with Simulator(clock=clock) as sim:
        alice = await joined(sim)
        sim.faults.add(Fault("xmpp", "delay", "presence", direction="out", delay_s=5))
        await alice.presence("<a/>")
        await alice.ping()
        await sim.trace.wait(
            lambda event: event.name == "iq" and 'id="p"' in event.data["stanza"] and event.data["direction"] == "out",
            timeout_s=LIMIT_S,
        )
        await clock.advance(4)
        reading = asyncio.ensure_future(alice.read(2))
        assert not (await asyncio.wait([reading], timeout=0.05))[0]
        await clock.advance(2)
        first, second = await reading
        assert (first[0].tag, second.get("id")) == (f"{C}a", "p")


async def test_a_request_is_refused_with_the_condition_that_was_asked_for(sim):
    alice = await joined(sim)
    sim.faults.add(Fault("xmpp", "error", "iq", direction="in", code="resource-constraint"))
    await alice.ping()
    refused = await alice.read()
    assert (refused.get("type"), refused.get("id")) == ("error", "p")
    assert "resource-constraint" in ET.tostring(refused).decode()
    sim.faults.add(Fault("xmpp", "error", "iq", direction="out", code="ERR_EXCEPTION"))
    await alice.ping("q")
    refused = await alice.read()
    assert (refused.get("type"), refused.get("id")) == ("error", "q")
    assert "internal-server-error" in ET.tostring(refused).decode()


async def test_a_login_is_refused(sim):
    sim.faults.add(Fault("xmpp", "error", "auth", code="not-authorized"))
    assert (await (await Occupant.dial(sim)).log_in()).outcome == "failure"


@pytest.mark.parametrize("direction", ["in", "out"])
async def test_a_connection_breaks_on_a_stanza(sim, direction):
    alice = await joined(sim)
    sim.faults.add(Fault("xmpp", "close", "presence", direction=direction))
    await alice.presence("<a/>")
    assert await alice.closed() == 1006


async def test_a_corrupt_frame_ends_the_stream(sim):
    alice = await joined(sim)
    sim.faults.add(Fault("xmpp", "corrupt", "presence", direction="in"))
    await alice.presence("<a/>")
    assert "not-well-formed" in ET.tostring(await alice.read()).decode()
    assert await alice.closed() == 1000


async def test_a_peer_that_is_gone_says_so(sim):
    await joined(sim)
    bob = await sim.join_peer("s1", "bob")
    await bob.command("NOISY_MIC", {"a": "b"})
    await bob.leave()
    with pytest.raises(SimulatorError, match="no occupant"):
        await bob.mute_audio(True)
