"""The pytest plugin: the fixture, and clauses as items."""

from __future__ import annotations

import httpx
import pytest

pytest_plugins = ["pytester"]


def test_the_fixture_serves_the_calling_service(call_simulator) -> None:
    alice = call_simulator.world.user("alice")
    answer = httpx.post(
        f"{call_simulator.addresses.plain_calls_base(4)}call_tokens",
        headers={"authToken": alice.auth_token},
        json={"sessionId": "sess-1"},
    )
    assert answer.json()["data"]["token"].count(".") == 2


def test_clauses_are_items_that_pass(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess(
        "-p",
        "no:cacheprovider",
        "--testcall-sdk",
        "reference:calls/javascript-v4",
        "--testcall-clause",
        "JS4-TOKEN-01*",
    )
    result.assert_outcomes(passed=result.parseoutcomes().get("passed", 0))
    assert result.parseoutcomes()["passed"] >= 1


def test_a_wrong_sdk_string_is_one_line(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--testcall-sdk", "nonsense")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --sdk 'nonsense' is none of npm:NAME@VERSION*"])
