"""The rules that clauses name, with their arguments: the vocabulary in which a contract is written.

A rule says *what kind of promise* a clause is; its arguments and the item that it stands under say which. Checks of the
conformance package bind to rules, never to clause ids. Three small vocabularies are used by arguments: *causes* (what makes an
event fire), *effects* (what a setting or an operation does that can be seen from outside), and *bad values* (classes of
illegal arguments). This module decides nothing about builds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Subject = Literal["operation", "setting", "event", "listener", "error", "constant", "type", "limit", "media", "session"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of promise. ``required`` and ``optional`` are argument names; ``family`` is where reports and filters put it."""

    name: str
    subject: Subject
    family: str
    sentence: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


_TABLE: tuple[Rule, ...] = (
    # operations
    Rule(
        "operation.exists",
        "operation",
        "set-up",
        "The operation is there (`there`: false, it isn't), under its name or under `name`.",
        (),
        ("name", "there"),
    ),
    Rule(
        "operation.delivers_success",
        "operation",
        "shapes",
        "A call that succeeds ends as `delivers.success` says; in `state`, with `value`.",
        (),
        ("value", "how", "state"),
    ),
    Rule(
        "operation.delivers_failure",
        "operation",
        "shapes",
        "A call that fails ends as `delivers.failure` says; `cause` is the condition used to make it fail.",
        (),
        ("cause", "how", "error"),
    ),
    Rule(
        "operation.requires",
        "operation",
        "preconditions",
        "With `condition` the call fails (in any documented way; with `code`, by that code).",
        ("condition",),
        ("code", "fails"),
    ),
    Rule(
        "operation.refuses",
        "operation",
        "preconditions",
        "A bad `parameter` (class `bad`) makes the call fail; with `code`, by that code.",
        ("parameter", "bad"),
        ("code", "fails"),
    ),
    Rule(
        "operation.accepts",
        "operation",
        "preconditions",
        "A call with this `form` of `parameter` succeeds (`accepted`: true) or fails (false).",
        ("parameter", "form"),
        ("accepted",),
    ),
    Rule(
        "operation.effect",
        "operation",
        "effects",
        "A call that succeeds has `effect` (EFFECTS).",
        ("effect",),
        ("value", "within_ms", "state"),
    ),
    Rule(
        "operation.settles",
        "operation",
        "shapes",
        "When the call settles: `after` the effect, or `before` it.",
        ("when",),
        (),
    ),
    Rule(
        "operation.delegates", "operation", "deprecated", "The deprecated operation does what `to` does.", ("to",), ()
    ),
    # errors
    Rule(
        "error.code",
        "error",
        "error-codes",
        "`operation` fails with this code (one of a list) when the condition holds; it stands `at` that path, or `any` where.",
        ("operation",),
        ("code", "at"),
    ),
    Rule(
        "error.shape",
        "error",
        "error-codes",
        "The error that `operation` delivers for the condition has `shape`.",
        ("operation", "shape"),
        (),
    ),
    Rule(
        "error.passes_through",
        "error",
        "error-codes",
        "A refusal of the service reaches the application with the service's code; with `code`, with that code instead.",
        ("operation",),
        ("shape", "code"),
    ),
    # settings
    Rule(
        "setting.accepts",
        "setting",
        "settings",
        "Each legal value is accepted: the call that takes the settings object succeeds (`accepted`: false, it fails).",
        (),
        ("values", "accepted"),
    ),
    Rule("setting.default", "setting", "settings", "Left out, the setting behaves as its default.", (), ("default",)),
    Rule("setting.effect", "setting", "settings", "The value has the setting's effect.", (), ("value", "effect")),
    Rule(
        "setting.refuses",
        "setting",
        "settings",
        "A value of class `bad` (or the very `value`) makes the call fail; with `code`, by that code.",
        (),
        ("bad", "value", "code", "fails"),
    ),
    Rule(
        "setting.required",
        "setting",
        "settings",
        "Without the setting the call fails; with `code`, by that code.",
        (),
        ("code", "fails"),
    ),
    Rule(
        "setting.getter",
        "setting",
        "settings",
        "The built object's getter returns what was set, and the default when nothing was.",
        (),
        ("default",),
    ),
    Rule("setting.unknown_key", "setting", "settings", "What an unknown key does.", (), ("accepted",)),
    # events
    Rule(
        "event.fires",
        "event",
        "events",
        "On `cause` the event fires (with `times`, exactly so often; with 0, it doesn't).",
        ("cause",),
        ("times", "who"),
    ),
    Rule("event.silent", "event", "events", "On `cause` the event doesn't fire.", ("cause",), ()),
    Rule(
        "event.payload",
        "event",
        "events",
        "On `cause` the callback's arguments have the shapes of `payload`.",
        ("cause",),
        ("shape", "argument", "about"),
    ),
    Rule(
        "event.order",
        "event",
        "events",
        "On `cause` the event comes `before` (or `after`) the other event.",
        ("cause",),
        ("before", "after"),
    ),
    # listeners
    Rule("listener.adds_up", "listener", "listeners", "Several listeners are all called."),
    Rule(
        "listener.replaces",
        "listener",
        "listeners",
        "A listener under an id in use replaces the earlier one.",
        (),
        ("replaces",),
    ),
    Rule("listener.removes", "listener", "listeners", "A removed listener isn't called any more; the others are."),
    Rule(
        "listener.unsubscribes", "listener", "listeners", "The function that registration returns removes the listener."
    ),
    Rule("listener.aborts", "listener", "listeners", "Aborting the signal removes the listener."),
    Rule("listener.optional_callbacks", "listener", "listeners", "A listener with some callbacks only is accepted."),
    Rule(
        "listener.survives",
        "listener",
        "listeners",
        "A listener is still called after `cause`.",
        ("cause",),
        ("survives",),
    ),
    Rule(
        "listener.throws",
        "listener",
        "listeners",
        "A callback that throws doesn't keep other callbacks from being called.",
    ),
    Rule(
        "listener.when",
        "listener",
        "listeners",
        "Registration works `when` (before_init, before_join, after_join).",
        ("when",),
        ("works",),
    ),
    # constants, types, limits
    Rule("constant.value", "constant", "surface", "The constant has this value.", (), ("value",)),
    Rule(
        "type.shape",
        "type",
        "surface",
        "A value of the type, delivered by `operation` or `event`, has its shape.",
        (),
        ("operation", "event", "cause"),
    ),
    Rule(
        "type.getter",
        "type",
        "surface",
        "On a value of the type, delivered by `operation`, the method `getter` returns a value of `shape`.",
        ("getter", "shape"),
        ("operation",),
    ),
    Rule(
        "surface.exists",
        "constant",
        "surface",
        "What `path` leads to from a global is there (`exists`: false, it isn't).",
        ("path",),
        ("exists",),
    ),
    Rule(
        "surface.css_class",
        "setting",
        "user-interface",
        "While joined (and `when`), the interface has a visible element of the class `class`.",
        ("class",),
        ("when",),
    ),
    Rule(
        "control.effect",
        "operation",
        "user-interface",
        "Pressing the built-in control `control` has `effect` (EFFECTS); it is there after `cause`.",
        ("control", "effect"),
        ("cause",),
    ),
    Rule("limit.value", "limit", "limits", "The documented number."),
    # session and media
    Rule(
        "session.token",
        "session",
        "tokens",
        "What a call token is good for: `scope` session or user, `use` repeated, early.",
        ("about",),
        ("accepted", "value"),
    ),
    Rule("session.single", "session", "session", "A second join while a session is active.", (), ("accepted",)),
    Rule("session.rejoin", "session", "session", "After leaving, the same page joins again."),
    Rule("session.isolated", "session", "session", "Nothing of one session reaches another."),
    Rule("session.role", "session", "session", "The role's rights.", ("about",), ("accepted",)),
    Rule(
        "media.sends",
        "media",
        "media",
        "While joined, a peer decodes this `media` (audio, video) of the build.",
        ("media",),
        ("when",),
    ),
    Rule(
        "media.sends_none",
        "media",
        "media",
        "Under `when`, no peer gets this `media` from the build.",
        ("media", "when"),
        (),
    ),
    Rule(
        "media.renders",
        "media",
        "media",
        "The build decodes and renders this `media` of a peer.",
        ("media",),
        ("when",),
    ),
    Rule(
        "media.stops",
        "media",
        "media",
        "After `cause`, the `media` of the build stops (silence; no frames) within `within_ms`.",
        ("media", "cause"),
        ("within_ms",),
    ),
    Rule(
        "media.resumes",
        "media",
        "media",
        "After `cause`, the `media` of the build is back within `within_ms`.",
        ("media", "cause"),
        ("within_ms",),
    ),
    Rule(
        "media.timing",
        "media",
        "media-timing",
        "A media timing clause of media/timing.yaml.",
        ("metric",),
        ("statistic", "operator", "number", "unit", "from", "to"),
    ),
    # ringing, REST
    Rule(
        "ringing.status",
        "session",
        "ringing",
        "A legal transition of a ringing call.",
        ("from", "action"),
        ("to", "accepted", "actor"),
    ),
    Rule("rest.answers", "operation", "rest", "The endpoint answers in the documented shape.", (), ("status", "shape")),
    Rule(
        "rest.refuses",
        "operation",
        "rest",
        "The endpoint refuses with the documented code.",
        ("condition",),
        ("code", "status"),
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _TABLE}
"""All rules, by name."""

CAUSES: dict[str, str] = {
    "join": "the local participant joins a session",
    "join_with_peer": "the local participant joins a session in which a peer already is",
    "remote_join": "another participant joins",
    "remote_leave": "another participant leaves, and a third one stays",
    "last_remote_leave": "the only other participant leaves",
    "leave": "the local participant leaves while a peer stays",
    "leave_alone": "the local participant leaves and nobody else is there",
    "mute_audio": "the application mutes the microphone by the API",
    "unmute_audio": "the application unmutes the microphone by the API",
    "pause_video": "the application pauses the camera by the API",
    "resume_video": "the application resumes the camera by the API",
    "button_mute_audio": "a person mutes by the built-in control",
    "button_end_call": "a person presses the built-in end control",
    "remote_mute_audio": "another participant mutes their microphone",
    "remote_unmute_audio": "another participant unmutes their microphone",
    "remote_pause_video": "another participant pauses their camera",
    "remote_resume_video": "another participant resumes their camera",
    "remote_raise_hand": "another participant raises a hand",
    "remote_lower_hand": "another participant lowers a hand",
    "remote_screen_share_start": "another participant starts to share a screen",
    "remote_screen_share_stop": "another participant stops sharing",
    "screen_share_start": "the local participant starts to share a screen",
    "screen_share_stop": "the local participant stops sharing",
    "recording_start": "the application starts the recording and the recorder is running",
    "recording_stop": "the application stops the recording and the recorder is gone",
    "kicked": "the service removes the local participant",
    "ended_for_all": "the session is ended for everybody by another participant or the service",
    "idle_timeout": "the local participant is alone for longer than the idle period",
    "connection_lost": "the signalling connection or the media connection breaks",
    "connection_restored": "the broken connection is back",
    "login": "a login succeeds",
    "login_failure": "a login fails",
    "logout": "a logout succeeds",
    "token_refused": "the service refuses the call token at the join",
    "layout_change": "the application changes the layout",
    "device_change": "the application changes a device",
    "switch_to_video": "the application switches an audio call to video",
    "dominant_speaker": "another participant speaks",
    "register_twice": "a listener is registered twice",
    "rejoin": "the local participant leaves and joins again",
    "mute_audio_twice": "the application mutes the microphone though it is muted",
    "button_pause_video": "a person pauses the camera by the built-in control",
    "button_raise_hand": "a person presses the built-in control for the hand",
    "button_share_invite": "a person presses the built-in invitation control",
    "button_layout": "a person presses the built-in layout control",
    "button_participant_list": "a person presses the built-in control for the list of participants",
    "button_chat": "a person presses the built-in chat control",
    "button_recording": "a person presses the built-in recording control",
    "button_screen_share": "a person presses the built-in control for sharing a screen",
    "raise_hand": "the local participant raises the hand",
    "lower_hand": "the local participant lowers the hand",
    "remote_recording_start": "another participant starts the recording and the recorder is running",
    "remote_recording_stop": "another participant stops the recording and the recorder is gone",
    "streaming_start": "the application starts a stream and it is running",
    "streaming_stop": "the application stops the stream and it is gone",
    "remote_streaming_start": "another participant starts a stream and it is running",
    "remote_streaming_stop": "another participant stops the stream and it is gone",
    "screen_share_cancelled": "a person dismisses the browser's picker for a screen share",
    "screen_share_ended_by_browser": "a person ends the screen share by the browser's own control",
    "connection_failed": "the connection to the service can't be made",
    "remote_stats_lost": "in a peer call, no statistics of the other side arrive any more",
    "remote_stats_restored": "in a peer call, statistics of the other side arrive again",
    "remote_layout_change": "another participant changes their layout",
    "device_list_change": "a device is plugged in or out",
    "participant_list_shown": "the application opens the list of participants",
    "participant_list_hidden": "the application closes the list of participants",
    "logout_failure": "a logout fails",
    "leave_of_three": "the local participant leaves while two peers stay",
    "two_of_three_leave": "of three participants the two others leave, one after the other",
    "button_unmute_audio": "a person unmutes by the built-in control",
    "permission_denied": "a person denies the camera and the microphone",
    "remote_switch_to_video": "another participant turns the audio call into a video call",
    "switch_to_video_refused": "the other participant doesn't agree to a video call",
    "idle_prompt": "the prompt for a participant who is alone is shown",
    "idle_leave_pressed": "a person leaves by the control of that prompt",
}
"""What makes an event fire, or precedes what is judged."""

EFFECTS: dict[str, str] = {
    # of operations
    "initialized": "operations that require init no longer fail for want of it",
    "logged_in": "the logged-in user is the one that logged in",
    "logged_out": "no user is logged in any more",
    "token_for_session": "the token that comes back joins just the session that it was made for",
    "joined": "the service sees the participant in the session",
    "joined_as_user": "the service sees the participant under the uid of the user of the token",
    "left": "the service sees the participant leave",
    "released": "camera, microphone and network connections are released",
    "rendered": "the container holds the call's interface",
    "unmounted": "the container is empty again",
    "ended_for_all": "the service sees every participant leave",
    "audio_muted": "others see and hear the microphone muted",
    "audio_unmuted": "others see and hear the microphone unmuted",
    "video_paused": "others see the camera paused",
    "video_resumed": "others see the camera running",
    "screen_shared": "others see the screen share",
    "screen_unshared": "others see the screen share gone",
    "recording_requested": "the service is asked to record",
    "recording_stop_requested": "the service is asked to stop recording",
    "hand_raised": "others see the hand raised",
    "hand_lowered": "others see the hand lowered",
    "layout_set": "the layout is the asked one",
    "devices_listed": "the devices of the kind are listed",
    # of settings
    "control_shown": "the control `control` is visible if and only if the value is true",
    "control_hidden": "the control `control` is hidden if and only if the value is true",
    "controls_shown": "the default controls are visible if and only if the value is true",
    "audio_muted_at_join": "true: the participant joins muted",
    "video_paused_at_join": "true: the participant joins with the camera off",
    "no_video": "at the values `when`, no camera is acquired and no video is sent",
    "recording_at_join": "true: recording is asked for as soon as the participant has joined",
    "layout_at_join": "the layout at the start",
    "display_name": "others see the value as the participant's name",
    "title_shown": "the value is shown as the title",
    "idle_period": "the session ends after so long alone",
    "idle_prompt": "the prompt comes after so long alone",
    "app_used": "requests go to the application of that id",
    "region_used": "requests go to the region",
    "host_used": "requests go to that base address",
    "listener_called": "the listener gets the events",
    "others_stay": "the other participants stay in the session",
    "streaming_requested": "the service is asked to stream",
    "streaming_stop_requested": "the service is asked to stop streaming",
    "transcription_requested": "the service is asked to transcribe",
    "transcription_stop_requested": "the service is asked to stop transcribing",
    "participant_mute_requested": "the service is asked to mute the other participant",
    "participant_pause_requested": "the service is asked to pause the other participant's camera",
    "device_set": "the device in use is the asked one",
    "camera_switched": "the camera in use is another one",
    "participant_pinned": "the participant stays prominent, whoever speaks",
    "participant_unpinned": "no participant is pinned any more",
    "panel_shown": "the panel `control` is visible",
    "panel_hidden": "the panel `control` is not visible",
    "unread_count_shown": "the chat control shows the number, and none for 0",
    "background_processed": "the camera's background is blurred or replaced",
    "background_cleared": "the camera's background is as it was",
    "transcription_at_join": "true: transcription is asked for as soon as the participant has joined",
    "idle_after_prompt": "the session ends so long after the prompt",
    "ends_for_all_on_leave": "true: when one participant leaves, the session ends for everybody",
    "headless": "true, in a voice session: no interface is drawn, media and events go on",
    "notifications_shown": "false: no notices are shown",
    "device_used": "the device of that id is the one in use after the join",
    "camera_kept": "the camera in use stays the same",
    "video_added": "others get the camera's video, which they did not get before",
    "idle_extended": "the session doesn't end when the idle period is over",
    "joined_as_presenter": "true: the participant joins as presenter, else as viewer",
    "part_shown": "the part `control` of the main video is shown or hidden, in the corner that was set",
    "next_page": "the items that follow come",
    "previous_page": "the items before come",
    "no_page": "an empty list comes",
    "log_order": "the order in which call logs come",
    "log_limit": "no more call logs come at once than the value",
    "log_filter": "only call logs come whose `field` is the value",
    "fetch_completes": "a fetch that is under way goes on and ends well",
    "token_of_user": "the request carries the auth token of the user who is logged in now",
}
"""What an operation or a setting does that can be seen from outside."""

BAD_VALUES: dict[str, str] = {
    "missing": "the argument is left out",
    "undefined": "undefined",
    "null": "null, or the dialect's word for it",
    "empty": "the empty string",
    "blank": "white space only",
    "spaces": "a string with a space inside",
    "wrong_type": "a value of another type",
    "not_in_enum": "a string that is none of the values",
    "excluded": "a value that the documents name as none",
    "wrong_case": "a legal value in another case",
    "below_minimum": "a number under the minimum",
    "above_maximum": "a number over the maximum",
    "negative": "a negative number",
    "fraction": "a number that is not whole",
    "garbage": "text without meaning where a token is expected",
    "foreign": "a value that is good elsewhere: another session's, another application's",
    "expired": "a token that has expired",
    "plain_object": "an object literal where an instance is expected",
    "not_built": "a builder on which build was not called",
    "detached": "an element that is not in the document",
    "text_node": "a node that is not an element",
    "unknown_user": "the id of a user that doesn't exist",
    "wrong_key": "a key that the service doesn't know",
}
"""Classes of illegal arguments. The driver makes a value of each for the parameter or setting at hand."""


FORMS: dict[str, str] = {
    "omitted": "the argument is left out",
    "undefined": "undefined",
    "null": "null, or the dialect's word for it",
    "empty": "an object without members",
    "built": "what the dialect's builder built",
    "undefined_members": "an object in which optional members are undefined",
    "token_object": "the whole value that generate_token delivered, not the token in it",
    "token_string": "the token as a string",
    "element": "an element of the document",
    "detached": "an element that is not in the document",
    "hidden": "an element that is not shown",
    "from_settings": "left out, where the settings of the application carry the value",
    "both": "given, where the settings of the application carry another value",
    "without_login": "given, where nobody is logged in",
    "upper_case": "a good value in capital letters",
    "upper_case_region": "settings with the region in capital letters",
    "built_v4": "what the builder of major version 4 built",
}
"""Forms of an argument whose acceptance a contract speaks of."""


def argument_errors(name: str, args: dict[str, object]) -> list[str]:
    """What is wrong with the arguments ``args`` of rule ``name``: unknown rule, missing or unknown arguments or words."""
    rule = RULES.get(name)
    if rule is None:
        return [f"unknown rule {name!r}; the rules are in testcall_contract/rules.py"]
    errors = [f"rule {name} needs the argument {argument!r}" for argument in rule.required if argument not in args]
    known = {*rule.required, *rule.optional}
    errors += [
        f"rule {name} takes no argument {argument!r}; it takes {', '.join(sorted(known)) or 'none'}"
        for argument in args
        if argument not in known
    ]
    for argument, words in (("cause", CAUSES), ("effect", EFFECTS), ("bad", BAD_VALUES), ("form", FORMS)):
        value = args.get(argument)
        if name == "operation.delivers_failure" and argument == "cause":
            continue
        if isinstance(value, str) and value not in words:
            errors.append(f"unknown {argument} {value!r}; known: {', '.join(words)}")
    return errors
