"""The virtual clock: it stands still, and what falls due runs in order at its instant."""

import asyncio

import pytest

from testcall_simulator import RealClock, VirtualClock


async def test_it_stands_still_until_it_is_advanced():
    clock = VirtualClock(start=100)
    assert clock.now() == 100
    await clock.advance(2.5)
    assert clock.now() == 102.5


async def test_timers_run_in_order_each_at_its_instant():
    clock, ran = VirtualClock(start=0), []
    for seconds in (3, 1, 2, 1):
        clock.call_later(seconds, lambda seconds=seconds: ran.append((seconds, clock.now())))
    await clock.advance(2)
    assert ran == [(1, 1), (1, 1), (2, 2)]
    assert clock.pending == 1


async def test_a_timer_set_by_a_timer_runs_in_the_same_advance():
    clock, ran = VirtualClock(start=0), []
    clock.call_later(1, lambda: clock.call_later(1, lambda: ran.append(clock.now())))
    await clock.advance(2)
    assert ran == [2]


async def test_a_cancelled_timer_does_not_run():
    clock, ran = VirtualClock(start=0), []
    timer = clock.call_later(1, lambda: ran.append(1))
    timer.cancel()
    await clock.advance(2)
    assert ran == []
    assert clock.pending == 0


async def test_a_sleeper_that_sleeps_again_wakes_at_every_instant():
    clock, woke = VirtualClock(start=0), []

    async def every_second():
        while True:
            await clock.sleep(1)
            woke.append(clock.now())

    sleeper = asyncio.create_task(every_second())
    await clock.advance(3)
    assert woke == [1, 2, 3]
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    assert clock.pending == 0, "a sleeper that is gone leaves no timer behind"


async def test_it_can_not_go_back():
    with pytest.raises(ValueError, match="go back"):
        await VirtualClock().advance(-1)


async def test_the_real_clock_runs_its_timers():
    ran = asyncio.Event()
    RealClock().call_later(0, ran.set)
    await ran.wait()
    await RealClock().sleep(0)
    assert RealClock().now() > 1_700_000_000
