"""A trace with a limit keeps the newest events, and their numbers go on."""

from testcall_contract.redaction import Secrets
from testcall_contract.trace import Trace


def test_the_newest_events_are_kept_and_numbers_go_on():
    trace = Trace(limit=10)
    for number in range(1, 36):
        event = trace.add("log", "service", f"e{number}")
        assert event.seq == number == trace.last_seq
        assert min(number, 10) <= len(trace) < 20
        assert trace.events[-1] is event
    assert [event.seq for event in trace.since(33)] == [34, 35]
    assert [event.name for event in trace.select(after=33)] == ["e34", "e35"]
    assert trace.since(0)[0].seq == trace.events[0].seq


async def test_what_is_waited_for_is_found_behind_what_was_forgotten():
    trace = Trace(limit=5)
    for number in range(20):
        trace.add("log", "service", f"e{number}")
    assert (await trace.wait(lambda event: True, timeout_s=1, after=18)).seq == 19


def test_of_tokens_that_are_too_many_the_oldest_is_still_hidden():
    secrets = Secrets()
    secrets.max_tokens = 2
    tokens = [f"eyJhbGciOiJIUzI1NiJ9.eyJuIjox{number}fQ.c2ln{number}" for number in range(3)]
    for number, token in enumerate(tokens):
        secrets.add(token, f"call_token {number}")
    assert secrets.redact(tokens) == ["<jwt>", "<call_token 1>", "<call_token 2>"]
    assert secrets.redact_text(f"?token={tokens[0]}&x") == "?token=<jwt>&x"
