"""Events whose data is made when somebody looks."""

import asyncio

import pytest

from testcall_contract.trace import Trace, TraceEvent


@pytest.fixture
def trace():
    trace = Trace()
    trace.secrets.add("hush-hush-hush", "secret")
    return trace


def made(log):
    def make(number):
        log.append(number)
        return {"number": number, "said": "hush-hush-hush"}

    return make


def test_data_is_made_once_when_somebody_looks_and_is_redacted(trace):
    log = []
    for number in range(3):
        trace.add_later("wire", "service", f"e{number}", made(log), (number,))
    trace.add("wire", "service", "e3", number=3)
    assert (len(trace), trace.last_seq, log) == (4, 4, [])
    for _ in range(2):
        assert [event.data["number"] for event in trace] == [0, 1, 2, 3]
        assert trace.select(name="e1")[0].data["said"] == "<secret>"
    assert log == [0, 1, 2]
    assert [event.seq for event in trace.since(2)] == [3, 4]
    assert all(isinstance(event, TraceEvent) for event in trace.events)


async def test_who_waits_or_listens_looks_at_once(trace):
    heard, log = [], []
    waiting = asyncio.create_task(trace.wait(lambda event: event.data.get("number") == 1, timeout_s=5))
    await asyncio.sleep(0)
    trace.add_later("wire", "service", "a", made(log), (1,))
    assert (await waiting).data["said"] == "<secret>"
    stop = trace.listen(heard.append)
    trace.add_later("wire", "service", "b", made(log), (2,))
    stop()
    trace.add_later("wire", "service", "c", made(log), (3,))
    assert ([event.name for event in heard], log) == (["b"], [1, 2])


def test_a_limit_forgets_what_was_never_looked_at():
    trace, log = Trace(limit=5), []
    for number in range(23):
        trace.add_later("wire", "service", "e", made(log), (number,))
    kept = [event.data["number"] for event in trace]
    assert kept == log == list(range(kept[0], 23))
    assert 5 <= len(kept) < 10
    assert trace.events[0].seq == kept[0] + 1
