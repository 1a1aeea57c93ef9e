"""Vendor stacks, minified source and paths are taken out; what the build said stays."""

import pytest

from testcall_reports.scrub import scrub_error, scrub_sdk, scrub_text

MINIFIED = (
    "!function(e,t){var n=e.a;return t.b=function(r){return n?(r.c=void 0,r.d(t)):null},n.e(t.f,0,(function(o){"
    "return o&&o.g?o.g(n):t}))}(this,(function(e){e.exports=n})),Object.defineProperty(e,'h',{value:!0});"
)


@pytest.mark.parametrize(
    "stack",
    [
        "Error: boom\n    at Qe.join (https://app.localhost:1/sdk.js:1:4821)\n    at new Promise (<anonymous>)",
        "Error: boom\n    at async https://app.localhost:1/sdk.js:1:4821",
        "Error: boom\nQe@https://app.localhost:1/sdk.js:1:4821\n@https://app.localhost:1/sdk.js:1:9",
        "Error: boom\n\tat com.vendor.calls.Core.join(Core.java:81)\n\tat com.vendor.a.b(Unknown Source:4)\n\t... 12 more",
        "Error: boom\n#0      CallsCore.join (package:vendor/src/core.dart:81:7)\n#1      main (file:///x.dart:1:1)",
        "Error: boom\n0   VendorCalls   0x0000000102a3b4c8 $s6Vendor + 120",
        'Error: boom\n  File "/home/mary/core.py", line 81, in join\n  File "x.py", line 1, in main',
        "Error: boom at Qe (https://app.localhost:1/sdk.js:1:4821) at Zt (https://app.localhost:1/sdk.js:1:9)",
    ],
)
def test_frames_go_and_the_message_stays(stack):
    scrubbed = scrub_text(stack)
    assert scrubbed.startswith("Error: boom")
    for trace in ("4821", "Core.java", "core.dart", "0x0000", "core.py", "mary"):
        assert trace not in scrubbed


def test_minified_source_is_counted_not_quoted():
    for text in (
        MINIFIED,
        f"Unexpected value {MINIFIED}",
        MINIFIED.replace(" ", ""),
        "x " + "a=>{b(c);d[e]=f&&g};" * 20,
    ):
        scrubbed = scrub_text(text)
        assert "<source of" in scrubbed
        assert "exports" not in scrubbed
        assert "d[e]" not in scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "callToken must be valid please verify.",
        "Several things are wrong:\nat least one user\nat most 5 (five) of them\nalice@example.com",
        "Cannot read properties of undefined (reading 'a')",
        "see https://www.cometchat.com/docs/calls/javascript/join-session#join-session for help, " * 5,
        "wss://xmpp.localhost/tmp/x",
        "<iq type='set' to='room@conference.localhost/focus' id='1'><jingle xmlns='urn:xmpp:jingle:1'/></iq>" * 4,
    ],
)
def test_messages_are_left_alone(text):
    assert scrub_text(text) == text


def test_an_error_loses_its_stack_at_any_depth():
    error = {
        "type": "Error",
        "own": {"message": "boom", "stack": "Error: boom\n at a.b", "cause": [{"stackTrace": "x"}]},
    }
    assert scrub_error(error) == {
        "type": "Error",
        "own": {"message": "boom", "stack": "<stack of 2 lines>", "cause": [{"stackTrace": "<stack of 1 lines>"}]},
    }


def test_an_sdk_string_keeps_what_names_the_build_and_loses_the_folders():
    assert scrub_sdk("npm:@cometchat/calls-sdk-javascript@4.2.6") == "npm:@cometchat/calls-sdk-javascript@4.2.6"
    assert scrub_sdk("file:/home/mary/build.tgz") == "file:build.tgz"
    assert scrub_sdk("exec:java -jar /home/mary/adapter.jar --fast") == "exec:java -jar adapter.jar --fast"
