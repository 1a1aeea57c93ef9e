"""Recordings and transcripts: asked for by signalling or by the world, in the call log and to be fetched once they have ended."""

import asyncio

import httpx
import pytest
from xmpp_wire import DOMAIN, Wire, condition, who

from testcall_simulator import Simulator, SimulatorError

FOCUS = f"s1@conference.{DOMAIN}/focus"
DIAL = '<dial xmlns="urn:xmpp:rayo:1" to="jitsi_meet_transcribe" from="fromnumber"><header name="JvbRoomName" value="r"/></dial>'
WANTED = "<jitsi_participant_requestingTranscription>true</jitsi_participant_requestingTranscription>"
NOT_WANTED = "<jitsi_participant_requestingTranscription/>"


def transcribers(stanzas):
    """(who, type) of presences of a transcriber."""
    return [(who(one), one.get("type")) for one in stanzas if who(one).startswith("transcr")]


def test_a_dialled_transcriber_enters_once_and_is_known_by_name_and_feature():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    alice.take(), bob.take()
    alice.presence(WANTED)
    answer = alice.ask("set", FOCUS, DIAL)
    assert answer.find("{urn:xmpp:rayo:1}ref").get("uri").startswith("xmpp:")
    (presence,) = [one for one in bob.stanzas() if who(one).startswith("transcr")]
    assert presence.findtext("{http://jabber.org/protocol/nick}nick") == "Transcriber"
    assert presence.find(".//{*}feature").get("var") == "http://jitsi.org/protocol/transcriber"
    assert bob.ask("set", FOCUS, DIAL).get("type") == "result"
    assert transcribers(bob.stanzas()) == []
    assert "transcription_started" in wire.names_decided()


def test_the_transcriber_leaves_when_the_last_one_wants_no_transcript():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    for one in (alice, bob):
        one.presence(WANTED)
    alice.ask("set", FOCUS, DIAL)
    alice.take()
    alice.presence(NOT_WANTED)
    assert transcribers(alice.stanzas()) == []
    bob.presence(NOT_WANTED)
    assert [kind for _, kind in transcribers(alice.stanzas())] == ["unavailable"]
    assert wire.names_decided()[-1] == "transcription_stopped"


def test_the_transcriber_leaves_with_the_last_one_who_wants_a_transcript_and_keeps_no_session_alive():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    alice.presence(WANTED)
    alice.ask("set", FOCUS, DIAL)
    alice.presence(kind="unavailable")
    assert [kind for _, kind in transcribers(bob.stanzas())] == [None, "unavailable"]
    bob.ask("set", FOCUS, DIAL)
    bob.presence(kind="unavailable")
    assert wire.names_decided("occupant_left")[-2:] == ["session_ended", "transcription_stopped"]
    assert wire.core.rooms == {}


def test_who_is_not_in_the_session_cannot_dial():
    wire = Wire()
    wire.joined("alice")
    assert condition(wire.bound("mal").ask("set", FOCUS, DIAL)) == "not-acceptable"


async def asked(sim, path):
    async with httpx.AsyncClient(transport=sim.transport(), headers={"apikey": sim.world.rest_key}) as http:
        return (await http.get(f"https://testapp.call-us.cometchat.io/v3/calls/{path}")).json()["data"]


async def test_a_transcript_is_in_the_log_with_what_was_said_and_can_be_fetched():
    async with Simulator() as sim, httpx.AsyncClient() as http:
        alice = await sim.join_peer("s", "alice")
        await sim.start_transcription("s")
        await sim.speak("s", alice.nick, "good morning")
        assert (await asked(sim, "s"))["hasTranscription"] is False
        await sim.stop_transcription("s")
        (transcript,) = await asked(sim, "s/transcriptions")
        shown = await asked(sim, "s")
        assert shown["hasTranscription"] is True
        assert shown["transcriptions"] == [transcript]
        said = (await http.get(transcript["transcriptUrl"])).json()
        assert [(line["uid"], line["text"]) for line in said["lines"]] == [("alice", "good morning")]
        assert (await http.get(transcript["transcriptUrl"] + "x")).status_code == 404


async def test_a_recording_is_in_the_log_and_its_file_is_an_mp4():
    async with Simulator() as sim, httpx.AsyncClient() as http:
        alice = await sim.join_peer("s", "alice")
        await sim.start_recording("s")
        await alice.leave()
        shown = await asked(sim, "s")
        assert (shown["hasRecording"], shown["status"]) == (True, "ended")
        answer = await http.get(shown["recordings"][0]["recording_url"])
        assert answer.headers["content-type"] == "video/mp4"
        assert answer.content[4:8] == b"ftyp"


def test_an_empty_recording_is_a_file_that_a_player_opens():
    av = pytest.importorskip("av")
    import io

    from testcall_simulator.http.files import _empty_mp4

    with av.open(io.BytesIO(_empty_mp4(7))) as container:
        assert container.format.name.startswith("mov")
        assert len(container.streams) == 0


async def test_a_stream_leaves_nothing_in_the_log():
    async with Simulator() as sim:
        await sim.join_peer("s", "alice")
        await sim.start_recording("s", mode="stream")
        await sim.stop_recording("s")
        assert (await asked(sim, "s"))["hasRecording"] is False


async def test_nobody_is_heard_where_nobody_transcribes():
    async with Simulator() as sim:
        alice = await sim.join_peer("s", "alice")
        with pytest.raises(SimulatorError, match="start a transcription"):
            await sim.speak("s", alice.nick, "hello")


async def test_what_is_transcribed_comes_as_a_caption_to_whom_the_bridge_reaches():
    from testcall_simulator.clock import RealClock
    from testcall_simulator.world import default_world
    from testcall_simulator.xmpp_edge import SignallingService

    said = []

    class Bridge:
        def __getattr__(self, name):
            async def nothing(*given):
                return None

            return nothing

        def add_publisher(self, *given):
            return None

        def send_endpoint_message(self, sender, payload, to=""):
            said.append((sender, payload))

    from testcall_contract.trace import Trace

    service = SignallingService(default_world(), Trace(), RealClock(), bridges=lambda *given: Bridge())
    alice = await service.join_peer("s", "alice")
    await service.start_transcription("s")
    await service.speak("s", alice.nick, "hello")
    await service.close()
    await asyncio.sleep(0)
    ((sender, payload),) = said
    assert sender.startswith("transcr")
    assert payload["type"] == "transcription-result"
    assert (payload["transcript"], payload["participant"]["id"]) == ([{"text": "hello"}], alice.nick)
