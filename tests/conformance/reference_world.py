"""Builds worlds for the tests of the reference SDK: clients of a running simulator, and a log of events to wait on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from testcall_conformance.reference.client.client import CallClient
from testcall_conformance.reference.client.model import Event, JoinOptions, Service
from testcall_simulator.simulator import Simulator

GIVE_UP_S = 20.0  # only ever reached by a test that fails


class Device:
    """One user's client, and all that it told."""

    def __init__(self, client: CallClient, uid: str) -> None:
        self.client = client
        self.uid = uid
        self.events: list[Event] = []
        self._more = asyncio.Event()
        client.on_event = self._take

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.events]

    async def told(self, name: str, times: int = 1) -> Event:
        """The ``times``-th event of that name, waited for."""
        async with asyncio.timeout(GIVE_UP_S):
            while True:
                found = [event for event in self.events if event.name == name]
                if len(found) >= times:
                    return found[times - 1]
                self._more.clear()
                await self._more.wait()

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self._more.set()


def service_of(sim: Simulator, wire: str) -> Service:
    addresses = sim.addresses.for_sdk(4 if wire == "v4" else 5)
    app = sim.world.app
    return Service(
        app.app_id, app.region, addresses["calls"], addresses["api"], addresses["client"], str(sim.addresses.ca_path)
    )


def auth_token(sim: Simulator, uid: str) -> str:
    return sim.world.issue_auth_token(sim.world.user(uid)).token


class Call:
    """Devices of one simulator."""

    def __init__(self, sim: Simulator, wire: str) -> None:
        self.sim = sim
        self.wire = wire
        self.devices: list[Device] = []

    async def device(self, uid: str, **about: object) -> Device:
        """A device of that user: initialised, and logged in where the wire has logins."""
        device = Device(CallClient(self.wire, **about), uid)
        self.devices.append(device)
        await device.client.initialize(service_of(self.sim, self.wire))
        if self.wire == "v5":
            await device.client.login(uid, self.sim.world.auth_key)
        return device

    async def token(self, device: Device, session: str = "room-1") -> str:
        token = auth_token(self.sim, device.uid) if self.wire == "v4" else None
        return await device.client.generate_token(session, token)

    async def joined(self, uid: str, session: str = "room-1", **options: object) -> Device:
        """A device of that user in the session; without media unless asked for."""
        device = await self.device(uid)
        options.setdefault("media", False)
        await device.client.join(await self.token(device, session), JoinOptions(**options))
        return device

    def service_events(self, name: str, **data: object) -> list[object]:
        return self.sim.trace.select(
            kind="wire", name=name, where=lambda event: all(event.data.get(key) == value for key, value in data.items())
        )

    async def service_saw(self, name: str, **data: object) -> object:
        return await self.sim.trace.wait(
            lambda event: event.name == name and all(event.data.get(key) == value for key, value in data.items()),
            what=f"{name} {data}",
            timeout_s=GIVE_UP_S,
        )


@asynccontextmanager
async def calling(wire: str) -> AsyncIterator[Call]:
    async with Simulator() as sim:
        call = Call(sim, wire)
        try:
            yield call
        finally:
            for device in call.devices:
                await device.client.close()
