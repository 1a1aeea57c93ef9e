"""Smoke finds what is wrong with an adapter, and nothing wrong with an honest one."""

import sys
from pathlib import Path

import pytest

from testcall_conformance.adapters import ConnectOptions, Limits, connect
from testcall_conformance.smoke import is_usable, smoke

HOSTILE = Path(__file__).parent / "hostile"
LIMITS = Limits(reply_s=20, grace_s=1, stop_s=1, line_bytes=1_000_000, messages=5_000)


async def findings_of(sdk, **options):
    adapter = await connect(sdk, options=ConnectOptions(limits=LIMITS, **options))
    findings = await smoke(adapter)
    return {finding.check: finding for finding in findings}


async def of_hostile(fault):
    return await findings_of(f"exec:{sys.executable} {HOSTILE / 'honest.py'} {fault}")


async def test_an_honest_adapter_has_no_finding_that_is_not_ok():
    findings = await of_hostile("none")
    wrong = [finding for finding in findings.values() if finding.level != "ok"]
    assert not wrong
    assert len(findings) == 10


async def test_an_adapter_for_which_everything_works_is_disqualified():
    findings = await of_hostile("liar")
    assert findings["operation that does not exist"].level == "failure"
    assert "disqualified" in findings["operation that does not exist"].detail
    assert findings["instance that was never opened"].level == "failure"
    assert not is_usable(list(findings.values()))


@pytest.mark.parametrize(
    ("fault", "check", "kind"),
    [
        ("hang", "operation that does not exist", "hang"),
        ("die", "operation that does not exist", "crash"),
        ("rubbish", "operation that does not exist", "rubbish"),
        ("oversized", "operation that does not exist", "oversized"),
        ("wrong_id", "operation that does not exist", "unasked"),
        ("forgets", "values", "came back changed"),
        ("old", "describe", "protocol 0"),
    ],
)
async def test_a_fault_is_a_failure_of_its_check_and_the_others_go_on(fault, check, kind):
    findings = await of_hostile(fault)
    assert findings[check].level == "failure"
    assert kind in findings[check].detail
    assert not is_usable(list(findings.values()))
    if check != "describe":
        assert findings["stop and start again"].level == "ok"


async def test_an_adapter_that_cannot_be_started_has_one_finding():
    findings = await findings_of("exec:no-such-command")
    assert list(findings) == ["describe"]
    assert findings["describe"].level == "failure"


@pytest.mark.browser
async def test_the_browser_adapter_has_no_finding_that_is_not_ok():
    findings = await findings_of(f"file:{HOSTILE / 'small_build.js'}", contract="calls/javascript-v4")
    assert [finding for finding in findings.values() if finding.level != "ok"] == []
