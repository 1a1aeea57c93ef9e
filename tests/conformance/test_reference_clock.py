"""Idle periods on a clock that stands still until it is advanced."""

import pytest

from testcall_conformance.reference.client.clock import IdleWatch, Timers


@pytest.fixture
def told():
    return []


@pytest.fixture
def timers():
    return Timers(virtual=True)


@pytest.fixture
def idle(timers, told):
    return IdleWatch(timers, 60_000, 180_000, lambda: told.append("prompt"), lambda: told.append("end"))


async def test_the_prompt_comes_and_then_the_end(timers, idle, told):
    idle.alone()
    timers.advance(59_999)
    assert told == []
    timers.advance(1)
    assert told == ["prompt"]
    assert idle.prompted
    timers.advance(179_999)
    assert told == ["prompt"]
    timers.advance(1)
    assert told == ["prompt", "end"]


async def test_one_long_advance_fires_all_in_order(timers, idle, told):
    idle.alone()
    timers.advance(10_000_000)
    assert told == ["prompt", "end"]


async def test_company_ends_the_count_and_being_alone_again_starts_anew(timers, idle, told):
    idle.alone()
    timers.advance(59_000)
    idle.company()
    timers.advance(1_000_000)
    assert told == []
    idle.alone()
    timers.advance(59_999)
    assert told == []
    timers.advance(1)
    assert told == ["prompt"]


async def test_whoever_stays_counts_from_the_start(timers, idle, told):
    idle.alone()
    timers.advance(60_000)
    idle.stay()
    timers.advance(59_999)
    assert told == ["prompt"]
    timers.advance(1)
    assert told == ["prompt", "prompt"]


async def test_real_time_can_be_advanced_too(told):
    timers = Timers()
    timers.after(3_600_000, lambda: told.append("hour"))
    timers.advance(3_600_000)
    assert told == ["hour"]
    timers.close()
