"""SDK 4.0 tells its sources by presence children of their own, not by ``SourceInfo``."""

from __future__ import annotations

import pytest

from testcall_simulator.xmpp.presence import Source, changes, facts_of
from testcall_simulator.xmpp.xml import parse


def sources(children: str) -> dict[str, Source]:
    stanza = f"<presence xmlns='jabber:client' to='s@conference.localhost/ab12'>{children}</presence>"
    return dict(facts_of(parse(stanza)).sources)


@pytest.mark.parametrize(("text", "muted"), [("true", True), ("false", False)])
def test_older_children_tell_the_mute_states(text: str, muted: bool) -> None:
    told = sources(f"<audiomuted>{text}</audiomuted><videomuted>{text}</videomuted>")
    assert told == {
        "ab12-a0": Source("ab12-a0", "audio", muted),
        "ab12-v0": Source("ab12-v0", "video", muted),
    }


def test_an_older_screen_is_a_desktop_and_its_start_is_told() -> None:
    told = sources("<videoType>desktop</videoType><videomuted>false</videomuted>")
    assert [event for event, _ in changes({}, told)] == ["screen_share_started"]


def test_source_info_wins_where_both_are_there() -> None:
    assert sources("<SourceInfo>{}</SourceInfo><audiomuted>true</audiomuted>") == {}


def test_a_presence_without_either_tells_nothing() -> None:
    assert sources("<nick xmlns='http://jabber.org/protocol/nick'>Alice</nick>") == {}
