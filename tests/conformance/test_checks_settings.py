"""Settings: values, effects, defaults, refusals; idle time; getters of what was built."""

from __future__ import annotations

import pytest
from played import UNDEFINED, V5, Played, asked, case, check_case, settings

OURS = "session_settings"


def of(rule, key, **args):
    object_key = args.pop("object_key", OURS)
    return asked(rule, "setting", key, object_key=object_key, **args)


def join(values=None, *, ok=True, contract="calls/javascript-v4", object_key=OURS):
    one = Played(settings(values or {}, object_key), contract)
    ended = "resolved" if ok else "rejected"
    one.call("join_session", ended=ended, **({} if ok else {"code": "X"}))
    return one.joined() if ok else one


def tried(scene_value, concept="join_session", contract="calls/javascript-v4", **more):
    return Played(contract=contract, kind="bad_setting", object=OURS, setting="x", value=scene_value).call(
        concept, **more
    )


# --- accepted, refused, there ----------------------------------------------------------------------------------------

LAYOUT = of("setting.accepts", "layout")
NO_LAYOUT = of("setting.accepts", "layout", accepted=False, values=["TILE"])
ACCEPTS = [
    case("every value", LAYOUT, True, join({"layout": "DEFAULT"}), join({"layout": "SPOTLIGHT"}), seen="SPOTLIGHT"),
    case("one is refused", LAYOUT, False, join({"layout": "DEFAULT"}), join({"layout": "SPOTLIGHT"}, ok=False), seen="SPOTLIGHT"),
    case("the call succeeds but nobody joined", LAYOUT, False, Played(settings({"layout": "DEFAULT"})).call("join_session", ended="resolved")),
    case("no call", LAYOUT, None, Played(settings({"layout": "DEFAULT"}))),
    case("no such operation", LAYOUT, None, Played(settings({"layout": "DEFAULT"})).call("join_session", ended="absent")),
    case("is to be refused and is", NO_LAYOUT, True, tried("TILE", ended="rejected", code="X")),
    case("is to be refused and isn't", NO_LAYOUT, False, tried("TILE", ended="resolved").joined()),
]  # fmt: skip

BAD = of("setting.refuses", "idle_timeout", bad="wrong_type")
REFUSES = [
    case("refused", BAD, True, tried("x", ended="rejected", code="X")),
    case("refused by an exception", BAD, True, tried("x", ended="threw", code="X")),
    case("accepted", BAD, False, tried("x", ended="resolved").joined()),
    case("one of those that were drawn is accepted", BAD, False, tried("x", ended="rejected", code="X"), tried("y", ended="resolved").joined()),
    case("with the code", of("setting.refuses", "idle_timeout", bad="wrong_type", code="X"), True, tried("x", ended="rejected", code="X")),
    case("with another code", of("setting.refuses", "idle_timeout", bad="wrong_type", code="X"), False, tried("x", ended="rejected", code="Y")),
    case("no call", BAD, None, Played(kind="bad_setting", object=OURS, setting="idle_timeout", bad="wrong_type")),
]  # fmt: skip

REQUIRED = of("setting.required", "app_id", object_key="app_settings")
REQUIRED_CASES = [
    case("fails without it", REQUIRED, True, tried(None, "initialize", ended="rejected", code="X")),
    case("works without it", REQUIRED, False, tried(None, "initialize", ended="resolved")),
    case("no call", REQUIRED, None, Played(kind="bad_setting", object="app_settings", setting="app_id", bad="missing")),
]  # fmt: skip


def odd_key(**more):
    return Played(contract=V5, kind="unknown_key", object=OURS).call("join_session", **more)


ANY_KEY = asked("setting.unknown_key", "settings_object", OURS, contract=V5, accepted=True)
NO_KEY = asked("setting.unknown_key", "settings_object", OURS, contract=V5, accepted=False)
UNKNOWN_KEYS = [
    case("ignored", ANY_KEY, True, odd_key(ended="resolved", value={}).joined()),
    case("refused though it may be there", ANY_KEY, False, odd_key(ended="rejected", code="X")),
    case("is to be refused and is", NO_KEY, True, odd_key(ended="rejected", code="X")),
    case("is to be refused and isn't", NO_KEY, False, odd_key(ended="resolved", value={}).joined()),
    case("no call", ANY_KEY, None, Played(contract=V5, kind="unknown_key", object=OURS)),
]  # fmt: skip

BUILDER = "CometChatCalls.CallSettingsBuilder."
EXISTS = [
    case("there", of("setting.exists", "audio_only", operations=(BUILDER + "setIsAudioOnlyCall",)), True, Played(kind="surface")),
    case("not there", of("setting.exists", "audio_only", operations=(BUILDER + "setMode",)), False, Played(kind="surface")),
    case("to be gone and is", of("setting.exists", "audio_only", there=False, operations=(BUILDER + "setMode",)), True, Played(kind="surface")),
    case("to be gone and isn't", of("setting.exists", "audio_only", there=False, operations=(BUILDER + "setIsAudioOnlyCall",)), False, Played(kind="surface")),
]  # fmt: skip


# --- effects ---------------------------------------------------------------------------------------------------------


def effect(key, **args):
    return of("setting.effect", key, **args)


def source(one, kind, name="source_added"):
    return one.service(name, kind=kind)


def looked(visible, control="end_call", values=None):
    return join(values).look(visible, control=control)


END = effect("end_call_button")
CONTROLS = [
    case("shown and hidden as it says", END, True, looked(True), looked(False, values={"end_call_button": False})),
    case("shown though hidden", END, False, looked(True), looked(True, values={"end_call_button": False})),
    case("hidden though shown", END, False, looked(False), looked(True, values={"end_call_button": True})),
    case("never seen: our way to find it may be wrong", END, None, looked(False), looked(False, values={"end_call_button": False})),
    case("nobody joined", END, None, join(ok=False).look(True, control="end_call")),
    case("something else hides it", END, True, looked(True), looked(False, values={"default_layout": False})),
    case("all of them", effect("default_layout"), True, looked(True), looked(False, values={"default_layout": False})),
    case("all of them stay", effect("default_layout"), False, looked(True), looked(True, values={"default_layout": False})),
    case("what stands in a menu is none of them", effect("default_layout"), True, looked(True), looked(True, "virtual_background", {"default_layout": False}).look(False, control="end_call")),
    case("nobody could look", effect("default_layout"), None, join({"default_layout": False})),
]  # fmt: skip


def v5_look(visible, control, values):
    return join(values, contract=V5).look(visible, control=control)


HIDING = effect("audio_button", contract=V5)
HIDDEN = [
    case("hidden and shown as it says", HIDING, True, v5_look(True, "audio", {}), v5_look(False, "audio", {"audio_button": True})),
    case("stays though hidden", HIDING, False, v5_look(True, "audio", {}), v5_look(True, "audio", {"audio_button": True})),
    case("a hidden panel takes it along", HIDING, True, v5_look(True, "audio", {}), v5_look(False, "audio", {"control_panel": True})),
    case("the title", effect("title", contract=V5), True, join({"title": "Hello"}, contract=V5).look(True, title="Hello")),
    case("the title isn't found: our way may be wrong", effect("title", contract=V5), None, join({"title": "Hello"}, contract=V5).look(False, title="Hello")),
]  # fmt: skip


def muted(values, kind="audio", name="source_muted"):
    return source(join(values), kind, name)


MUTED, PAUSED, VIDEO = effect("start_audio_muted"), effect("start_video_paused"), effect("audio_only")
SOURCES = [
    case("muted", MUTED, True, muted({"start_audio_muted": True}), muted({}, name="source_unmuted")),
    case("not muted", MUTED, False, muted({"start_audio_muted": True}, name="source_unmuted")),
    case("muted by itself", MUTED, False, muted({})),
    case("nothing told", MUTED, None, join({"start_audio_muted": True})),
    case("paused", PAUSED, True, muted({"start_video_paused": True}, "video")),
    case("not paused", PAUSED, False, muted({"start_video_paused": True}, "video", "source_unmuted")),
    case("audio only", VIDEO, True, source(join({"audio_only": True}), "audio"), source(source(join(), "audio"), "video")),
    case("video all the same", VIDEO, False, source(source(join({"audio_only": True}), "audio"), "video")),
    case("no video by itself", VIDEO, False, source(join(), "audio")),
    case("no source told", VIDEO, None, join({"audio_only": True})),
]  # fmt: skip

RECORD, WORDS = effect("auto_start_recording"), effect("auto_start_transcription", contract=V5)
ASKS = "<presence><requestingTranscription>true</requestingTranscription></presence>"
STARTS = [
    case("recording asked for", RECORD, True, join({"auto_start_recording": True}).service("recording_requested")),
    case("recording not asked for", RECORD, False, join({"auto_start_recording": True})),
    case("recording unasked", RECORD, False, join().service("recording_requested")),
    case("transcription asked for", WORDS, True, join({"auto_start_transcription": True}, contract=V5).stanza(ASKS)),
    case("transcription not asked for", WORDS, False, join({"auto_start_transcription": True}, contract=V5)),
]  # fmt: skip


def wire(values, stanza, contract="calls/javascript-v4", object_key=OURS):
    return join(values, contract=contract, object_key=object_key).stanza(stanza)


def named(name):
    one = Played(settings({"display_name": "Zoë"}), V5).call("join_session", ended="resolved")
    return one.joined(name=name) if name is not None else one.joined()


SPOT = {"layout": "SPOTLIGHT"}
MODE, PRESENTER = effect("layout"), effect("is_presenter", object_key="presenter_settings")
TOLD = [
    case("the layout is told", MODE, True, wire(SPOT, '<presence><initial_config mode="SPOTLIGHT"/></presence>')),
    case("another layout is told", MODE, False, wire(SPOT, '<presence><initial_config mode="DEFAULT"/></presence>')),
    case("no layout is told", MODE, None, wire(SPOT, "<presence/>")),
    case("a presenter", PRESENTER, True, wire({"is_presenter": True}, '<user_object isPresenter="true"/>', object_key="presenter_settings")),
    case("a viewer though presenter", PRESENTER, False, wire({"is_presenter": True}, '<user_object isPresenter="false"/>', object_key="presenter_settings")),
    case("nothing told of presenting", PRESENTER, None, wire({"is_presenter": True}, "<presence/>", object_key="presenter_settings")),
    case("the name", effect("display_name", contract=V5), True, named("Zoë")),
    case("another name", effect("display_name", contract=V5), False, named("Alice")),
    case("no name told", effect("display_name", contract=V5), None, named(None)),
    case("the listener is called", effect("call_listener"), True, join().callback("session_joined", label="settings.literal")),
    case("the listener is never called", effect("call_listener"), False, join()),
]  # fmt: skip


def goes(values, ended):
    one = join(values, contract=V5).left()
    return one.service("session_ended", reason="ended", uid="") if ended else one


def container(filled, values):
    return join(values, contract=V5).held("shown", containers={"main": filled})


def device(chosen, *used, wished=()):
    values = {"audio_input_device": "$other_device"}
    one = Played(settings(values), V5).add("step", "alice-1", "device", device=chosen)
    one.call("join_session", ended="resolved").joined()
    return one.held("devices", in_use=[{"kind": "audioinput", "device": d, "wished": list(wished)} for d in used])


PEER, HEADLESS, MIC = (effect(k, contract=V5) for k in ("peer_call", "headless", "audio_input_device"))
VOICE = {"session_type": "VOICE"}
SHOWN = [
    case("ends for all", PEER, True, goes({"peer_call": True}, True), goes({}, False)),
    case("goes on for the others", PEER, False, goes({"peer_call": True}, False)),
    case("ends unasked", PEER, False, goes({}, True)),
    case("nobody left", PEER, None, join({"peer_call": True}, contract=V5)),
    case("draws nothing", HEADLESS, True, container(0, VOICE | {"headless": True}), container(4, VOICE)),
    case("draws though headless", HEADLESS, False, container(4, VOICE | {"headless": True})),
    case("nobody looked at the container", HEADLESS, None, join(VOICE | {"headless": True}, contract=V5)),
    case("the device is used", MIC, True, device("mic-2", "mic-2")),
    case("another device is used", MIC, False, device("mic-2", "default")),
    case("another is used, though asked for", MIC, None, device("mic-2", "default", wished=["mic-2"])),
    case("nobody can see which is used", MIC, None, device("mic-2")),
]  # fmt: skip

DEFAULTS = [
    case("as its default", of("setting.default", "end_call_button"), True, looked(True), looked(False, values={"end_call_button": False})),
    case("otherwise", of("setting.default", "end_call_button"), False, looked(False), looked(True, values={"end_call_button": True})),
    case("seen with no value", of("setting.default", "end_call_button"), None, looked(False), looked(False, values={"end_call_button": True})),
    case("a hidden one", of("setting.default", "recording_button"), True, looked(False, "recording"), looked(True, "recording", {"recording_button": True})),
    case("hidden by default and yet there", of("setting.default", "recording_button"), False, looked(True, "recording")),
    case("not muted", of("setting.default", "start_audio_muted"), True, muted({}, name="source_unmuted")),
    case("muted", of("setting.default", "start_audio_muted"), False, muted({})),
]  # fmt: skip


# --- idle ------------------------------------------------------------------------------------------------------------


def alone(values, steps, over_at=None, contract="calls/javascript-v4", look_at=None, kind="idle"):
    """Alone, step by step of 15 s; what happens, happens after the step of that number."""
    one = Played(settings(values), contract)
    one.scene = one.scene.of(kind, values=tuple(sorted(values.items())))
    one.call("join_session", ended="resolved").joined()
    for n in range(1, steps + 1):
        one.add("step", "alice-1", "advance", total_ms=15_000 * n)
        if n == over_at:
            return one.left()
        if n == look_at:
            one.look(True, control="idle_stay")
    return one


IDLE, IDLE_V5, PROMPT = (
    effect("idle_timeout"),
    effect("idle_after_prompt", contract=V5),
    effect("idle_before_prompt", contract=V5),
)
BOTH = {"idle_before_prompt": 60_000, "idle_after_prompt": 60_000}
IDLES = [
    case("when it says", IDLE, True, alone({"idle_timeout": 60}, 9, over_at=4)),
    case("too early", IDLE, False, alone({"idle_timeout": 60}, 9, over_at=2)),
    case("too late", IDLE, False, alone({"idle_timeout": 60}, 12, over_at=9)),
    case("never", IDLE, False, alone({"idle_timeout": 60}, 12)),
    case("the clock stood", IDLE, None, alone({"idle_timeout": 60}, 3)),
    case("the default", of("setting.default", "idle_timeout"), True, alone({}, 20, over_at=12)),
    case("another default", of("setting.default", "idle_timeout"), False, alone({}, 20, over_at=4)),
    case("both periods", IDLE_V5, True, alone(BOTH, 12, over_at=8, contract=V5)),
    case("only one period", IDLE_V5, False, alone(BOTH, 12, over_at=4, contract=V5)),
]  # fmt: skip


# --- getters ---------------------------------------------------------------------------------------------------------

GETTER = of("setting.getter", "end_call_button")


def read(before, after, ended="returned"):
    one = Played(kind="surface")
    name = f"getter:{OURS}.end_call_button"
    return one.call(name, "default", ended, before).call(name, "set", ended, after)


GETTERS = [
    case("the default, then what was set", GETTER, True, read(True, False)),
    case("another default", GETTER, False, read(False, False), seen="default"),
    case("what was set doesn't come back", GETTER, False, read(True, True), seen="set"),
    case("undefined", GETTER, False, read(UNDEFINED, False)),
    case("not there", GETTER, False, read(True, False, "absent")),
    case("nobody called it", GETTER, None, Played(kind="surface")),
]  # fmt: skip

ALL = [
    *ACCEPTS, *REFUSES, *REQUIRED_CASES, *UNKNOWN_KEYS, *EXISTS, *CONTROLS, *HIDDEN, *SOURCES, *STARTS, *TOLD, *SHOWN, *DEFAULTS,
    *IDLES, *GETTERS,
]  # fmt: skip


@pytest.mark.parametrize("one", ALL, ids=str)
def test_judged(one):
    check_case(one)


def test_the_prompt_is_looked_for():
    when = PROMPT.args | {"effect": {"kind": "idle_prompt", "args": {"control": "idle_stay", "before_end_s": 0}}}
    question = PROMPT.with_args(when)
    check_case(case("prompt in time", question, True, alone(BOTH, 9, contract=V5, look_at=4)))
    check_case(case("prompt too early", question, False, alone(BOTH, 9, contract=V5, look_at=1)))
    check_case(case("no prompt", question, False, alone(BOTH, 9, contract=V5)))
