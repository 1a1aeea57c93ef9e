"""Whatever an adapter does wrong, the runner gets one clear failure, stays usable, and leaves no process behind."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from testcall_conformance.adapters import ConnectOptions, Limits, connect
from testcall_conformance.errors import AdapterFailure
from testcall_conformance.protocol import Addresses, Invoke, Log, WorldInfo

HONEST = Path(__file__).parent / "hostile" / "honest.py"
WORLD = WorldInfo(app_id="app", addresses=Addresses(calls="", api="", client="", xmpp=""))
LIMITS = Limits(reply_s=20, grace_s=1, stop_s=1, line_bytes=1_000_000, messages=5_000, log_bytes=20_000)


async def adapter_with(fault):
    return await connect(f"exec:{sys.executable} {HONEST} {fault}", options=ConnectOptions(limits=LIMITS))


def greet(operation="greet", **given):
    return Invoke(instance="alice", on="Sdk", operation=operation, arguments=["hi"], timeout_ms=100, **given)


@pytest.fixture
def log():
    return []


async def started(fault, log=None):
    adapter = await adapter_with(fault)
    if log is not None:
        adapter.on_message = log.append
    await adapter.start()
    await adapter.open("alice", WORLD)
    return adapter


async def test_an_honest_adapter_is_driven_and_stopped():
    adapter = await started("none")
    ended = await adapter.invoke(greet())
    await adapter.close("alice")
    await adapter.stop()
    assert (ended.ended, ended.value) == ("returned", ["hi"])


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("hang", "hang", "no reply to invoke"),
        ("die", "crash", "exit code 7"),
        ("killed", "crash", "SIGKILL"),
        ("forked", "crash", "exit code 3"),
        ("rubbish", "rubbish", "Starting up"),
        ("bytes_rubbish", "rubbish", "no JSON"),
        ("both", "rubbish", "either result or error"),
        ("wrong_shape", "rubbish", "ended"),
        ("bad_callback", "rubbish", "callback with wrong params, instance"),
        ("errs", "rubbish", "integer code"),
        ("wrong_id", "unasked", "request 1003"),
        ("text_id", "unasked", "'3'"),
        ("oversized", "oversized", "limit is 1000000"),
        ("endless", "oversized", "limit is 1000000"),
        ("flood", "flood", "5000"),
    ],
)
async def test_a_fault_becomes_one_clear_failure_and_the_adapter_can_be_started_again(fault, kind, words):
    adapter = await started(fault)
    with pytest.raises(AdapterFailure) as raised:
        await adapter.invoke(greet())
    assert raised.value.kind == kind
    assert words in raised.value.detail
    assert raised.value.needs_restart
    with pytest.raises(AdapterFailure):
        await adapter.open("bob", WORLD)
    await adapter.stop()
    description = await adapter.start()
    assert description.adapter == "hostile"
    await adapter.stop()


async def test_an_adapter_that_closes_its_stdout_is_found_at_once_or_when_its_time_is_up():
    adapter = await started("closes")
    with pytest.raises(AdapterFailure) as raised:
        await adapter.invoke(greet())
    assert raised.value.kind in {"crash", "hang"}, "uvloop tells nothing of a pipe that the child closes"
    await adapter.stop()


@pytest.mark.parametrize(
    ("fault", "kind"), [("none", None), ("die", "crash"), ("forked", "crash"), ("endless", "oversized")]
)
def test_uvloop_drives_it_as_well(fault, kind):
    async def drive():
        adapter = await started(fault)
        try:
            return (await adapter.invoke(greet())).ended
        except AdapterFailure as failure:
            return failure.kind
        finally:
            await adapter.stop()

    with asyncio.Runner(loop_factory=pytest.importorskip("uvloop").new_event_loop) as runner:
        assert runner.run(drive()) == (kind or "returned")


async def test_a_second_reply_is_found_at_the_latest_by_the_next_request():
    adapter = await started("twice")

    async def three_requests():
        await adapter.invoke(greet())
        await adapter.open("bob", WORLD)
        await adapter.open("carol", WORLD)

    with pytest.raises(AdapterFailure) as raised:
        await three_requests()
    assert raised.value.kind == "duplicate"
    await adapter.stop()


async def test_an_adapter_that_stops_reading_hangs_and_is_ended():
    adapter = await started("deaf")
    await adapter.invoke(greet())
    big = Invoke(instance="alice", on="Sdk", operation="greet", arguments=["x" * 900_000], timeout_ms=100)
    with pytest.raises(AdapterFailure) as raised:
        await adapter.invoke(big)
    assert raised.value.kind == "hang"
    await adapter.stop()


async def test_a_flood_on_stderr_is_read_cut_and_does_not_block(log):
    adapter = await started("stderr_flood", log)
    ended = await adapter.invoke(greet())
    await adapter.stop()
    kept = sum(len(line.text) for line in log if isinstance(line, Log))
    assert ended.ended == "returned"
    assert kept < 2 * LIMITS.log_bytes
    assert "the rest is dropped" in log[-1].text


async def test_ending_an_adapter_ends_its_children():
    adapter = await started("child")
    child = (await adapter.invoke(greet())).value
    os.kill(child, 0)
    await adapter.stop()
    await gone(child)


async def test_an_adapter_that_does_not_stop_is_ended():
    adapter = await started("immortal")
    process = adapter._child._process.get_pid()
    await adapter.stop()
    await gone(process)


async def test_what_the_build_lacks_is_no_fault_of_the_adapter():
    adapter = await started("none")
    with pytest.raises(AdapterFailure) as raised:
        await adapter.invoke(greet("nothing"))
    assert (raised.value.kind, raised.value.data) == ("missing", {"missing": "Sdk.nothing"})
    assert not raised.value.needs_restart
    assert (await adapter.invoke(greet())).ended == "returned"
    with pytest.raises(AdapterFailure) as raised:
        await adapter.capability("alice", "observe", {})
    assert raised.value.kind == "unsupported"
    await adapter.stop()


async def test_an_adapter_of_another_protocol_is_refused():
    adapter = await adapter_with("old")
    with pytest.raises(AdapterFailure, match="speaks protocol 0"):
        await adapter.start()


async def test_a_command_that_is_not_there_is_told_in_one_line():
    adapter = await connect("exec:no-such-command --x")
    with pytest.raises(AdapterFailure, match=r"^start: cannot run 'no-such-command': No such file or directory$"):
        await adapter.start()


async def gone(process):
    """Until the process has ended (a zombie that its adopted parent has not collected has ended, too)."""
    async with asyncio.timeout(10):
        while alive(process):  # noqa: ASYNC110  (another process's end makes no event here)
            await asyncio.sleep(0.01)


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path("/proc") / str(process) / "stat"
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
