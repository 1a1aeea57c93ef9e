"""Packets: parsed, counted, renumbered, chosen by layer. Pure; nothing is sent."""

import numpy as np
import pytest

from testcall_simulator.jingle_sources import NamedSource
from testcall_simulator.media import colibri, marks, rtcp, rtp
from testcall_simulator.media.encoding import draw_pattern, encode_audio, encode_video
from testcall_simulator.media.forwarder import HISTORY, ForwardedSource, SentHistory
from testcall_simulator.media.impairment import Impairment, Schedule
from testcall_simulator.media.probe import AudioDecoder, FrameAssembler, dominant_frequency, level_dbov
from testcall_simulator.media.reception import MissingPackets, ReceptionStatistics
from testcall_simulator.media.samples import Mark
from testcall_simulator.media.sources import MediaError, Pattern, Silence, Tone, tone_of
from testcall_simulator.media.speaker import Floor

pytestmark = pytest.mark.media

CODECS = {97: "VP8", 98: "rtx"}
KEY = b"\x90\x80\x80\x01" + b"\x10\x02\x00\x9d\x01\x2a\x40\x01\xb4\x00" + b"rest"
DELTA = b"\x90\x80\x80\x02" + b"\x11\x02\x00" + b"rest of a picture"


def packet(payload=DELTA, *, ssrc=21, number=1, timestamp=0, payload_type=97, marker=True):
    data = rtp.pack(
        payload, payload_type=payload_type, marker=marker, sequence_number=number, timestamp=timestamp, ssrc=ssrc
    )
    return rtp.parse(data)


# --- RTP


def test_a_packet_is_parsed_as_it_was_packed():
    parsed = packet(b"abc", ssrc=0xDEADBEEF, number=65535, timestamp=2**32 - 1)
    assert parsed[:6] == (True, 97, 65535, 2**32 - 1, 0xDEADBEEF, b"abc")


def test_padding_sources_and_extensions_are_skipped():
    data = bytearray(rtp.pack(b"", payload_type=96, marker=False, sequence_number=1, timestamp=2, ssrc=3))
    data[0] = 0x80 | 0x20 | 0x10 | 1
    data += b"\0\0\0\7" + b"\xbe\xde\0\1" + b"\x10\x94\0\0" + b"voice" + b"\0\0\3"
    parsed = rtp.parse(bytes(data), audio_level_id=1)
    assert (parsed.payload, parsed.level_dbov) == (b"voice", -20)
    assert rtp.parse(bytes(data)).level_dbov is None


@pytest.mark.parametrize(
    "data", [b"", b"\x80" * 11, b"\x40" + bytes(20), b"\x90" + bytes(11), b"\xa0" + bytes(11) + b"\xff"]
)
def test_what_is_no_packet_is_none(data):
    assert rtp.parse(data) is None


def test_a_key_frame_tells_its_size():
    assert rtp.key_frame("VP8", KEY) == (320, 180)
    assert rtp.key_frame("VP8", DELTA) is None
    assert rtp.key_frame("VP8", b"\x80" + KEY[1:]) is None, "it continues a frame"
    assert rtp.key_frame("H264", b"\x67rest") == (0, 0)
    assert rtp.key_frame("H264", b"\x41rest") is None


def test_a_frame_is_cut_into_payloads_and_put_together_again():
    frame = b"\x10\x02\x00\x9d\x01\x2a\x40\x01\xb4\x00" + bytes(3 * rtp.PAYLOAD_LIMIT)
    payloads = rtp.vp8_payloads(frame, 5)
    assert len(payloads) == 4
    assembler = FrameAssembler()
    out = [
        assembler.add("VP8", packet(payload, number=65534 + index, marker=index == 3))
        for index, payload in enumerate(payloads)
    ]
    assert out == [[], [], [], [frame]]


def test_a_late_packet_is_waited_for():
    assembler = FrameAssembler()
    assert assembler.add("VP8", packet(DELTA, number=1)) == [], "nothing before a key frame"
    assert len(assembler.add("VP8", packet(KEY, number=2))) == 1
    assert assembler.add("VP8", packet(DELTA, number=4)) == []
    assert len(assembler.add("VP8", packet(DELTA, number=3))) == 2


def test_after_a_packet_that_never_came_only_a_key_frame_goes_on():
    assembler = FrameAssembler()
    assert len(assembler.add("VP8", packet(KEY, number=65535, timestamp=0))) == 1
    for number in range(1, 9):
        assert assembler.add("VP8", packet(DELTA, number=number, timestamp=9000 * number)) == []
    assert assembler.broken, "half a second has gone"
    assert assembler.add("VP8", packet(DELTA, number=0, timestamp=0)) == []
    assert len(assembler.add("VP8", packet(KEY, number=9, timestamp=90_000))) == 1
    assert len(assembler.add("VP8", packet(DELTA, number=10, timestamp=99_000))) == 1


# --- reception (RFC 3550)


def test_loss_is_what_was_expected_and_did_not_come():
    statistics = ReceptionStatistics(90_000)
    for number in (65533, 65534, 0, 1, 4):
        statistics.add(packet(number=number, timestamp=number), 1.0)
    assert (statistics.packets, statistics.lost, statistics.highest) == (5, 3, 65536 + 4)
    assert statistics.fraction_lost() == 3 * 256 // 8
    assert statistics.fraction_lost() == 0


def test_jitter_is_that_of_rfc_3550():
    statistics = ReceptionStatistics(48_000)
    expected, before = 0.0, None
    noise = np.random.default_rng(1).uniform(-0.02, 0.02, 400)
    for index, late in enumerate(noise):
        statistics.add(packet(number=index, timestamp=960 * index), index * 0.02 + late)
        transit = (index * 0.02 + late) * 48_000 - 960 * index
        if before is not None:
            expected += (abs(transit - before) - expected) / 16
        before = transit
    assert statistics.jitter == pytest.approx(expected, rel=1e-9)
    assert 1000 * statistics.jitter / 48_000 == pytest.approx(13.3, rel=0.2), "the known answer for 20 ms, uniform"


def test_what_is_missing_is_asked_for_at_once_and_again():
    watch = MissingPackets()
    assert [watch.add(number, 0.0) for number in (65534, 65535, 2)] == [[], [], [0, 1]]
    assert watch.add(3, 0.01) == [], "it was asked for just now"
    assert watch.add(0, 0.1) == [1]
    assert watch.add(1, 0.2) == []
    assert watch.add(900, 0.3) == [], "a jump is a new beginning"
    assert watch.add(902, 0.3) == [901]
    assert watch.add(903, 2.0) == [], "nobody wants it any more"


# --- impairment


def fates(impairment, count=1000, seed=1, size=1000, gap_s=0.01):
    schedule = Schedule(impairment, seed)
    return [schedule.fate(size, gap_s * index) for index in range(count)], schedule


def test_the_same_seed_loses_the_same_datagrams():
    bad = Impairment(loss=0.1, duplicate=0.05, delay_s=0.1, jitter_s=0.02)
    assert fates(bad)[0] == fates(bad)[0]
    assert fates(bad)[0] != fates(bad, seed=2)[0]
    lost, schedule = fates(bad)
    assert sum(not fate for fate in lost) == schedule.dropped == pytest.approx(100, abs=30)
    assert sum(len(fate) == 2 for fate in lost) == pytest.approx(45, abs=20)


def test_one_fault_does_not_move_another():
    def losses(bad):
        return [not fate for fate in fates(bad)[0]]

    assert losses(Impairment(loss=0.1)) == losses(Impairment(loss=0.1, duplicate=0.5, delay_s=0.1, jitter_s=0.1))


def test_jitter_keeps_order_unless_told_otherwise():
    def arrivals(bad):
        return [0.01 * index + fate[0] for index, fate in enumerate(fates(bad)[0])]

    kept = arrivals(Impairment(delay_s=0.1, jitter_s=0.05))
    scattered = arrivals(Impairment(delay_s=0.1, jitter_s=0.05, reorder=True))
    assert kept == sorted(kept)
    assert scattered != sorted(scattered)
    late = [arrival - 0.01 * index for index, arrival in enumerate(scattered)]
    assert 0.05 <= min(late) < max(late) <= 0.15


def test_a_rate_holds_back_and_a_full_queue_loses():
    # 100 kB/s offered, 50 kB/s allowed: half is lost once the queue of half a second is full.
    fate, schedule = fates(Impairment(rate_bps=400_000))
    waits = [one[0] for one in fate if one]
    assert max(waits) <= 0.5 + 0.02 + 1e-9
    assert schedule.passed == pytest.approx(525, abs=5)


def test_a_black_hole_takes_everything():
    assert fates(Impairment(black_hole=True))[1].passed == 0


@pytest.mark.parametrize("bad", [{"loss": 2}, {"delay_s": -1}, {"jitter_s": 1}, {"rate_bps": 0}])
def test_an_impossible_network_is_refused(bad):
    with pytest.raises(MediaError):
        Impairment(**bad)


# --- forwarding


def forwarded(layers=(21, 22, 23)):
    source = NamedSource("me-v0", "me", "video", layers, {31: 21})
    return ForwardedSource(source, CODECS, {98: 97})


def test_a_single_layer_goes_on_untouched():
    one = packet()
    assert forwarded((21,)).accept(one, 0.0) is one


def test_the_layer_that_arrives_is_announced_as_the_lowest():
    source = forwarded()
    out = [source.accept(packet(KEY, ssrc=23, number=100 + i, timestamp=i), i / 30) for i in range(3)]
    assert [(one.ssrc, one.sequence_number) for one in out] == [(21, 100), (21, 101), (21, 102)]
    assert rtp.parse(out[0].data).ssrc == 21


def test_another_layer_waits_until_the_first_is_silent_and_for_a_key_frame():
    source = forwarded()
    source.accept(packet(KEY, ssrc=22, number=65535, timestamp=9000), 0.0)
    assert source.accept(packet(KEY, ssrc=23, number=7, timestamp=5), 0.4) is None, "the first may still send"
    assert source.accept(packet(DELTA, ssrc=23, number=8, timestamp=6), 2.0) is None
    assert source.wanted == 23
    out = source.accept(packet(KEY, ssrc=23, number=9, timestamp=7), 2.0)
    assert (out.ssrc, out.sequence_number, out.timestamp) == (21, 0, 9000 + 2 * 90_000)
    assert source.wanted is None
    after = source.accept(packet(DELTA, ssrc=23, number=10, timestamp=3007), 2.1)
    assert (after.sequence_number, after.timestamp) == (1, 9000 + 2 * 90_000 + 3000)
    assert source.shifted(7) == 9000 + 2 * 90_000


def test_a_lower_layer_that_begins_is_taken_at_once():
    source = forwarded()
    source.accept(packet(KEY, ssrc=22, number=50, timestamp=0), 0.0)
    assert source.accept(packet(DELTA, ssrc=21, number=7, timestamp=0), 0.0) is None
    assert source.accept(packet(KEY, ssrc=21, number=8, timestamp=0), 0.0).sequence_number == 51
    assert source.accept(packet(DELTA, ssrc=22, number=51, timestamp=0), 0.0) is None


def test_a_retransmission_is_forwarded_as_what_it_repeats():
    source = forwarded()
    source.accept(packet(KEY, ssrc=21, number=4), 0.0)
    again = source.accept(packet(b"\0\5" + DELTA, ssrc=31, number=900, payload_type=98), 0.1)
    assert (again.sequence_number, again.payload, again.payload_type, again.ssrc) == (5, DELTA, 97, 21)
    assert source.accept(packet(b"", ssrc=31, number=901, payload_type=98), 0.1) is None, "padding to probe bandwidth"


def test_what_was_sent_can_be_sent_again_for_a_while():
    history = SentHistory()
    for number in range(2 * HISTORY):
        history.remember(number, str(number).encode())
    assert history.recall(2 * HISTORY - 1) == str(2 * HISTORY - 1).encode()
    assert history.recall(0) is None


# --- RTCP


def test_feedback_is_understood():
    assert list(rtcp.read(rtcp.picture_loss(1, 21))) == [rtcp.KeyFrameRequest(21)]
    assert list(rtcp.read(rtcp.negative_acknowledgement(1, 21, [5, 7, 40]))) == [rtcp.Nack(21, (5, 7, 40))]
    report = rtcp.sender_report(21, timestamp=9, packets=3, octets=30, cname="me", ntp=77)
    assert list(rtcp.read(report)) == [rtcp.SenderReport(21, 77, 9, 3, 30)]
    assert list(rtcp.read(b"\x80\xc9nonsense")) == []


def test_a_receiver_report_tells_loss_and_jitter():
    statistics = ReceptionStatistics(90_000)
    for number in (1, 2, 4):
        statistics.add(packet(number=number), 1.0)
    statistics.jitter = 12.6
    (report,) = rtcp.read(rtcp.receiver_report(1, [(21, statistics)], 2.0))
    assert report == rtcp.ReceiverReport(21, 64, 1, 12)


# --- data channel


def test_messages_go_to_whom_they_are_for():
    to_one = {"colibriClass": "EndpointMessage", "to": "b", "msgPayload": 1}
    to_all = {"colibriClass": "EndpointMessage", "to": "", "msgPayload": 1}
    assert colibri.relayed(to_one, "a", ["b", "c"]) == {"b": {**to_one, "from": "a"}}
    assert list(colibri.relayed(to_all, "a", ["b", "c"])) == ["b", "c"]
    assert colibri.relayed({"colibriClass": "ReceiverVideoConstraints"}, "a", ["b"]) == {}
    assert colibri.read("[1]") is None
    assert colibri.read("{") is None


def test_only_a_camera_with_layers_is_asked_for_less():
    camera = NamedSource("me-v0", "me", "video", (1, 2, 3), video_type="camera")
    screen = NamedSource("me-v1", "me", "video", (4, 5, 6), video_type="desktop")
    plain = NamedSource("you-v0", "you", "video", (7,))
    sound = NamedSource("me-a0", "me", "audio", (8,))
    (asked,) = colibri.sender_constraints([camera, screen, plain, sound])
    assert (asked["sourceName"], asked["maxHeight"]) == ("me-v0", 180)


# --- who speaks


def test_the_loudest_speaks_until_another_is_clearly_louder():
    floor = Floor().heard({"a": -60, "b": -127})
    assert floor == Floor(), "nobody is audible"
    floor = floor.heard({"a": -30, "b": -60})
    assert floor == Floor("a")
    assert floor.heard({"a": -30, "b": -27}) is floor, "hardly louder"
    assert floor.heard({"a": -127, "b": -127}) is floor, "silence changes nothing"
    floor = floor.heard({"a": -127, "b": -45})
    assert floor == Floor("b", ("a",))
    assert floor.heard({"a": -20, "b": -45}) == Floor("a", ("b",))
    assert floor.without("b") == Floor(None, ("a",))
    assert floor.heard({}) is floor


# --- sources, clips and marks


@pytest.mark.parametrize("size", [(640, 360), (320, 180), (160, 90), (1280, 720)])
def test_a_mark_is_read_as_it_was_drawn(size):
    picture = draw_pattern(Pattern(*size), 200, 29)
    assert marks.read(picture[: size[1]]) == Mark(200, 29)
    assert marks.read(picture[: size[1]][::-1]) is None


@pytest.mark.parametrize("grey", [0, 16, 126, 235, 255])
def test_a_plain_picture_carries_no_mark(grey):
    assert marks.read(np.full((360, 640), grey, np.uint8)) is None


def test_a_mark_survives_coding_and_scaling():
    import av

    clip = encode_video(Pattern(640, 360, 15), 5)
    decoder = av.CodecContext.create("libvpx", "r")
    numbers = []
    for data in clip.frames:
        for frame in decoder.decode(av.Packet(data)):
            luma = frame.to_ndarray()[:360]
            numbers.append((marks.read(luma), marks.read(luma[::3, ::3])))
    assert numbers == [(Mark(5, n), Mark(5, n)) for n in range(30)]


@pytest.mark.parametrize("tone", [Tone(440, -20), Tone(1000, -40), Tone(3000, -6)])
def test_a_tone_has_its_frequency_and_level_wherever_the_loop_is_entered(tone):
    packets = encode_audio(tone).packets
    decoder = AudioDecoder()
    frames = [
        frame
        for index in range(30, 30 + 75)
        for frame in decoder.decode(packet(packets[index % len(packets)], payload_type=96))
    ][5:]
    assert max(abs(frame.level_dbov - tone.level_dbov) for frame in frames) < 1
    assert dominant_frequency(np.concatenate([frame.samples for frame in frames])) == pytest.approx(tone.hz, abs=2)


def test_silence_is_digital_silence():
    decoder = AudioDecoder()
    levels = [f.level_dbov for data in encode_audio(Silence()).packets for f in decoder.decode(packet(data))]
    assert set(levels) == {-127.0}
    assert level_dbov(np.zeros(0, np.int16)) == -127.0
    assert dominant_frequency(np.zeros(9600, np.int16)) is None


def test_peers_get_tones_that_differ():
    assert len({tone_of(number).hz for number in range(12)}) == 12


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Tone(10), "20 to 7000 Hz"),
        (lambda: Tone(440, 0), "level of -60"),
        (lambda: Pattern(641, 360), "even sizes"),
        (lambda: Pattern(fps=0), "1 to 60 frames"),
    ],
)
def test_a_source_that_cannot_be_made_says_why(make, complaint):
    with pytest.raises(MediaError, match=complaint):
        make()
