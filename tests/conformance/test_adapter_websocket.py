"""An adapter that dials in by name, and who is not let in."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect as dial
from websockets.exceptions import ConnectionClosed

from testcall_conformance.adapters import ConnectOptions, Limits, connect
from testcall_conformance.errors import AdapterFailure
from testcall_conformance.protocol import Invoke

LIMITS = Limits(start_s=20, stop_s=1, grace_s=1, line_bytes=100_000)
DESCRIPTION = {
    "protocol": 1,
    "adapter": "dialled",
    "sdk": {"name": "x", "version": "1"},
    "contract": "calls/android-v5",
    "operations": ["greet"],
}


async def listening(query="", limits=LIMITS):
    adapter = await connect(f"connect:lab?port=0{query}", options=ConnectOptions(limits=limits))
    await adapter.listen()
    return adapter


async def dialled(address):
    """A connection, as soon as somebody listens: what every adapter has to try."""
    while True:
        try:
            return await dial(address)
        except OSError:
            await asyncio.sleep(0.01)


async def serve(address, answers=1000):
    """An honest adapter that leaves after some answers."""
    async with await dialled(address) as socket:
        async for line in socket:
            request = json.loads(line)
            result = DESCRIPTION if request["method"] == "describe" else {"ended": "returned", "value": 1, "at_ms": 0}
            await socket.send(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}))
            answers -= 1
            if not answers:
                return


async def refusal(address, **options):
    async with dial(address, **options) as socket:
        with pytest.raises(ConnectionClosed) as raised:
            await socket.recv()
        return raised.value.rcvd.code, raised.value.rcvd.reason


async def test_an_adapter_dials_in_is_driven_and_may_dial_again():
    adapter = await listening()
    address = adapter.address
    for _ in range(2):
        dialling = asyncio.create_task(serve(address))
        assert (await adapter.start()).contract == "calls/android-v5"
        ended = await adapter.invoke(Invoke(instance="a", on="Sdk", operation="greet"))
        assert ended.value == 1
        await adapter.stop()
        await dialling
    await adapter.stop()


async def test_an_adapter_that_leaves_has_crashed():
    adapter = await listening()
    dialling = asyncio.create_task(serve(adapter.address, answers=1))
    await adapter.start()
    await dialling
    with pytest.raises(AdapterFailure) as raised:
        await adapter.invoke(Invoke(instance="a", on="Sdk", operation="greet"))
    assert raised.value.kind == "crash"
    await adapter.stop()


async def test_a_message_over_the_limit_is_oversized():
    async def shout(address):
        async with dial(address) as socket:
            await socket.recv()
            await socket.send("x" * 200_000)
            await socket.wait_closed()

    adapter = await listening()
    shouting = asyncio.create_task(shout(adapter.address))
    with pytest.raises(AdapterFailure) as raised:
        await adapter.start()
    assert raised.value.kind == "oversized"
    await shouting
    await adapter.stop()


async def test_nobody_dials_in():
    adapter = await listening(limits=Limits(start_s=0.01))
    with pytest.raises(AdapterFailure, match=r"no adapter dialled ws://127\.0\.0\.1:"):
        await adapter.start()
    await adapter.stop()


async def test_who_is_not_waited_for_is_told_so():
    adapter = await listening()
    assert await refusal(adapter.address) == (1013, "no adapter of this name is waited for now")
    assert await refusal(adapter.address.replace("/lab", "/other")) == (1008, "this runner waits for 'lab'")
    foreign = await refusal(adapter.address, additional_headers={"Origin": "https://evil.example"})
    assert foreign == (1008, "a page of another site may not dial in without a token")
    await adapter.stop()


async def test_with_a_token_only_its_holder_gets_in():
    adapter = await listening("&host=127.0.0.1&token=s3cret")
    assert (await refusal(adapter.address))[1] == "wrong or missing token"
    assert (await refusal(adapter.address + "?token=other"))[1] == "wrong or missing token"
    dialling = asyncio.create_task(serve(adapter.address + "?token=s3cret"))
    assert (await adapter.start()).adapter == "dialled"
    await adapter.stop()
    await dialling


async def test_a_taken_port_is_told_in_one_line():
    first = await listening()
    port = first.address.rsplit(":", 1)[1].split("/")[0]
    second = await connect(f"connect:lab?port={port}")
    with pytest.raises(AdapterFailure, match=rf"cannot listen on 127\.0\.0\.1:{port}"):
        await second.listen()
    await first.stop()
