"""The run record: what its lines may say."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from testcall_reports.record import LINE, CallbackLine, RunLine, VerdictLine, json_schema

CLAUSE = {"build": "b", "contract": "calls/javascript-v5", "clause": "JS5-JOIN-010", "text": "A sentence."}


def verdict(**changes):
    return VerdictLine(**{**CLAUSE, "verdict": "pass", **changes})


def test_a_line_comes_back_from_json_as_the_same_value():
    line = verdict(expected={"ended": "resolved"}, evidence=(3, 5), seq=9, at_ns=12, unit="u1")
    assert LINE.validate_json(line.model_dump_json()) == line


def test_the_kind_chooses_the_model():
    assert isinstance(
        LINE.validate_python({"kind": "callback", "actor": "alice", "name": "onUserJoined"}), CallbackLine
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "fail"},
        {"verdict": "error", "attribution": "adapter"},
        {"verdict": "not_run", "attribution": "adapter"},
        {"verdict": "holds"},
        {"verdict": "pass", "counts": False},
        {"verdict": "fail", "counts": False, "attribution": "sdk"},
        {"verdict": "pass", "basis": "assumed"},
        {"verdict": "pass", "basis": "observed"},
    ],
    ids=str,
)
def test_a_verdict_that_contradicts_the_rules_can_t_be_made(changes):
    with pytest.raises(ValidationError):
        verdict(**changes)


def test_a_clause_that_does_not_count_holds_or_differs():
    assert verdict(verdict="differs", counts=False, basis="assumed").verdict == "differs"


def test_lines_are_immutable_and_know_no_other_names():
    with pytest.raises(ValidationError):
        verdict(verdikt="pass")
    with pytest.raises(ValidationError):
        verdict().verdict = "fail"


def test_what_json_can_t_say_is_made_visible():
    loop: dict = {}
    loop["self"] = loop
    line = CallbackLine(
        data={"lone": "a\ud800b", "nan": float("nan"), "big": 10**30, 1: {2}, "raw": b"\xff", "loop": loop}
    )
    again = LINE.validate_json(line.model_dump_json())
    assert again.data["lone"] == "a\\ud800b"
    assert again.data["nan"] == "nan"
    assert again.data["big"] == 10**30
    assert again.data["1"] == [2]
    assert "nested too deeply" in json.dumps(again.data["loop"])


def test_a_huge_text_is_cut_and_counted():
    line = CallbackLine(name="x", data={"text": "a" * 1_000_000})
    assert line.data["text"].endswith("(800000 more characters)")


def test_the_schema_names_every_kind():
    schema = json_schema()
    text = json.dumps(schema)
    for kind in (
        "run",
        "build",
        "unit",
        "step",
        "outcome",
        "callback",
        "wire",
        "media",
        "instrument",
        "log",
        "verdict",
    ):
        assert f'"const": "{kind}"' in text
    assert schema["discriminator"]["propertyName"] == "kind"


def test_host_facts_have_no_room_for_a_user_name():
    with pytest.raises(ValidationError):
        RunLine(suite_version="1", started_at=datetime.now(UTC), host={"user": "me"})
