"""The simulator: one object that serves the calling service on this machine.

``async with Simulator() as sim`` serves in the running event loop; ``with Simulator() as sim`` in a thread with a loop of its
own, and :meth:`Simulator.run` takes coroutines there. Without either, :meth:`Simulator.transport` and
:meth:`Simulator.mocked` answer HTTP in process, by the same handlers.

This file starts, wires and stops; it decides nothing.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import shutil
import tempfile
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from testcall_contract.trace import Trace
from testcall_simulator.addresses import Addresses
from testcall_simulator.clock import Clock
from testcall_simulator.errors import SimulatorError
from testcall_simulator.exchange import HttpExchange, Page
from testcall_simulator.world import World, default_world

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from testcall_simulator.app import Listener, Receive, Scope, Send

T = TypeVar("T")


class Simulator:
    """The service, in this process. See the module for the ways to run it.

    ``port`` and ``tls_port`` 0 pick free ports. ``world`` None makes the default one from ``seed``: app ``testapp`` in region
    ``us`` with the users alice, bob, carol and dave.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
        tls_port: int = 0,
        world: World | None = None,
        clock: Clock | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.world = world if world is not None else default_world(seed=seed, clock=clock)
        if clock is not None:
            self.world.clock = clock
        self.trace = trace if trace is not None else Trace()
        self.world.watch_secrets(self.trace.secrets.add)
        self.pages: dict[str, Page] = {}
        self.exchange = HttpExchange(self.world, self.trace, self.pages)
        self._host, self._ports = host, (port, tls_port)
        self._addresses: Addresses | None = None
        self._directory: Path | None = None
        self._listeners: list[Listener] = []
        self._signalling: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def addresses(self) -> Addresses:
        """Where it can be reached; :class:`SimulatorError` unless it runs."""
        if self._addresses is None:
            raise SimulatorError("the simulator has no addresses: it doesn't run; enter it with `async with` or `with`")
        return self._addresses

    @property
    def clock(self) -> Clock:
        """The service's clock."""
        return self.world.clock

    # -- running ---------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Simulator:
        await self._start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stop()

    def __enter__(self) -> Simulator:
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=self._serve_in_thread, args=(ready,), name="testcall-simulator", daemon=True
        )
        self._thread.start()
        try:
            ready.result()
        except BaseException:
            self._thread.join()
            self._thread = None
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        loop, thread = self._loop, self._thread
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(self._leave.set)
            thread.join()
        self._thread = None

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float | None = None) -> T:
        """Run a coroutine in the simulator's own thread and wait for its result: ``sim.run(sim.join_peer(...))``."""
        if self._thread is None or self._loop is None:
            work.close()
            raise SimulatorError("Simulator.run is for `with Simulator()`; in an `async with` block, await instead")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def _serve_in_thread(self, ready: concurrent.futures.Future[None]) -> None:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._serve_until_left(ready))

    async def _serve_until_left(self, ready: concurrent.futures.Future[None]) -> None:
        self._leave = asyncio.Event()
        try:
            await self._start()
        except BaseException as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        await self._leave.wait()
        await self._stop()

    async def _start(self) -> None:
        from testcall_simulator.app import Listener, ServiceApp, bind
        from testcall_simulator.tls import make_certificates, server_names

        if self._addresses is not None:
            raise SimulatorError("this simulator runs already; make another for a second one")
        self._directory = Path(tempfile.mkdtemp(prefix="testcall-simulator-"))
        app = ServiceApp(self.exchange, self._control, lambda: self.signalling)
        try:
            certificates = make_certificates(self._directory, server_names(self._host, self.world.apps))
            for port, context in zip(self._ports, (None, certificates.context), strict=True):
                try:
                    self._listeners.append(Listener(app, bind(self._host, port), context))
                except OSError as error:
                    raise SimulatorError(
                        f"can't listen on {self._host}:{port}: {error.strerror}; choose another port, or 0"
                    ) from None
            for listener in self._listeners:
                await listener.start()
        except BaseException:
            await self._stop()
            raise
        plain, tls = self._listeners
        self._loop = asyncio.get_running_loop()
        self.exchange.tls_port = tls.port
        self._addresses = Addresses(self._host, plain.port, tls.port, certificates.ca_path, self.world.app.app_id)

    async def _stop(self) -> None:
        if self._signalling is not None:
            await self._signalling.close()
        for listener in self._listeners:
            await listener.stop()
        self._listeners.clear()
        self._addresses = None
        self._loop = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    # -- parts that load when they are needed ------------------------------------------------------------------------

    @property
    def signalling(self) -> Any:
        """The signalling service (``xmpp_edge.SignallingService``), made when first asked for."""
        if self._signalling is None:
            from testcall_simulator.xmpp_edge import SignallingService

            self._signalling = SignallingService(self.world, self.trace, self.clock)
        return self._signalling

    def _control(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        raise SimulatorError("no control API yet")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
