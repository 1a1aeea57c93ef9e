"""The codes and results of seed documents 001, 003 and 004, as the reference SDK plays them and the judge reports them.

What was seen is compared with the documents, not the verdict alone: the reference takes its codes from the contract, so that a
wrong one would pass there.
"""

import json
import subprocess
import sys

import pytest

CLAUSES = {
    "reference:calls/javascript-v5": (
        "JS5-ERR-NOINIT-040",
        "JS5-ERR-NOLOGIN-010",
        "JS5-ERR-NOSESSION-010",
        "JS5-ERR-SETTINGS-010",
        "JS5-SET-TYPE-040",
        "JS5-JOIN-020",
        "JS5-TOKEN-020",
    ),
    "reference:calls/android-v5": (
        "AND5-ERR-NOINIT-020",
        "AND5-ERR-NOLOGIN-020",
        "AND5-ERR-NOSESSION-010",
        "AND5-ERR-BADTOKEN-010",
        "AND5-ERR-NOVIEW-020",
    ),
    "reference:calls/flutter-v5": (
        "FL5-ERR-NOINIT-020",
        "FL5-ERR-NOLOGIN-020",
        "FL5-ERR-NOSESSION-010",
        "FL5-ERR-BADTOKEN-010",
    ),
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What was seen for a clause that passed; one run of the command serves all tests of this file."""
    out = tmp_path_factory.mktemp("played")
    builds = [word for sdk in CLAUSES for word in ("--sdk", sdk)]
    clauses = [word for ids in CLAUSES.values() for one in ids for word in ("--clause", one)]
    command = [sys.executable, "-m", "testcall", "run", *builds, *clauses, "--quiet", "--out", str(out)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (out / "record.jsonl").is_file(), told.stderr
    lines = [json.loads(line) for line in (out / "record.jsonl").read_text().splitlines()]
    verdicts = {line["clause"]: line for line in lines if line["kind"] == "verdict"}

    def seen(clause):
        verdict = verdicts[clause]
        assert verdict["verdict"] == "pass", verdict.get("reason")
        return verdict["seen"]

    return seen


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        ("JS5-ERR-NOINIT-040", "ERROR_SDK_NOT_INITIALIZED"),
        ("JS5-ERR-NOLOGIN-010", "ERROR_AUTH_TOKEN_MISSING"),
        ("JS5-ERR-NOSESSION-010", "ERROR_SESSION_ID_MISSING"),
    ],
)
def test_a_token_in_javascript_rejects_with_the_code(seen, clause, code):
    assert seen(clause).startswith(f"rejected with '{code}'")


def test_a_join_in_javascript_with_bad_settings_resolves_with_validation_error(seen):
    assert seen("JS5-ERR-SETTINGS-010").startswith("resolved with 'VALIDATION_ERROR'")


def test_a_join_in_javascript_with_audio_as_session_type_fails(seen):
    assert "the service saw no join" in seen("JS5-SET-TYPE-040")


def test_a_good_join_in_javascript_gives_undefined_and_null(seen):
    assert seen("JS5-JOIN-020").startswith("resolved with {data: undefined, error: null}")


def test_a_good_token_in_javascript_is_in_an_object(seen):
    assert seen("JS5-TOKEN-020").startswith("resolved with {token: ")


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        ("AND5-ERR-NOINIT-020", "ERROR_COMETCHAT_CALLS_SDK_INIT"),
        ("AND5-ERR-NOLOGIN-020", "ERROR_AUTH_TOKEN"),
        ("AND5-ERR-NOSESSION-010", "ERROR_CALL_SESSION_ID"),
        ("AND5-ERR-BADTOKEN-010", "ERROR_CALL_TOKEN"),
        ("AND5-ERR-NOVIEW-020", "ERROR_CALLING_VIEW_REF_NULL"),
    ],
)
def test_a_join_on_android_tells_the_code_to_on_error(seen, clause, code):
    assert seen(clause).startswith(f"error_callback with '{code}'")


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        ("FL5-ERR-NOINIT-020", "ERROR_COMETCHAT_CALLS_SDK_INIT"),
        ("FL5-ERR-NOLOGIN-020", "ERROR_AUTH_TOKEN"),
        ("FL5-ERR-NOSESSION-010", "ERROR_CALL_SESSION_ID"),
        ("FL5-ERR-BADTOKEN-010", "ERROR_CALL_TOKEN"),
    ],
)
def test_a_join_in_flutter_tells_the_code_to_on_error(seen, clause, code):
    assert seen(clause).startswith(f"error_callback with '{code}'")
