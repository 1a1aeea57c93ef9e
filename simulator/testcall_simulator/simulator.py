"""The simulator: one object that serves the calling service on this machine.

``async with Simulator() as sim`` serves in the running event loop; ``with Simulator() as sim`` in a thread with a loop of its
own, and :meth:`Simulator.run` takes coroutines there. Without either, :meth:`Simulator.transport` and
:meth:`Simulator.mocked` answer HTTP in process, by the same handlers.

This file starts, wires and stops; it decides nothing.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import secrets
import shutil
import socket
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from testcall_contract.trace import Trace
from testcall_simulator.addresses import Addresses
from testcall_simulator.clock import Clock
from testcall_simulator.directories import new_directory
from testcall_simulator.errors import SimulatorError
from testcall_simulator.exchange import HttpExchange, Page
from testcall_simulator.faults import Faults
from testcall_simulator.http.messages import Response, WireRequest
from testcall_simulator.world import World, default_world

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager

    import httpx

    from testcall_simulator.app import Listener, Receive, Scope, Send
    from testcall_simulator.media.impairment import Impairment
    from testcall_simulator.media.sources import AudioSource, VideoSource
    from testcall_simulator.peer import Peer
    from testcall_simulator.ring_service import Rung
    from testcall_simulator.ringing import Notice, ReceiverType, Ring, RingStatus
    from testcall_simulator.ringing_edge import RingingService
    from testcall_simulator.webhook_edge import WebhookService
    from testcall_simulator.webhooks import Told
    from testcall_simulator.xmpp_edge import SignallingService

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
        self.faults = Faults()
        self.exchange = HttpExchange(self.world, self.trace, self.pages, self.faults)
        self.exchange.tell = self._tell
        self._host, self._ports = host, (port, tls_port)
        self._addresses: Addresses | None = None
        self._directory: Path | None = None
        self._listeners: list[Listener] = []
        self._signalling: SignallingService | None = None
        self._ringing: RingingService | None = None
        self._webhooks: WebhookService | None = None
        self._control_app: Callable[[Scope, Receive, Send], Awaitable[None]] | None = None
        self.control_token = secrets.token_urlsafe(24)
        """What the control API asks for; not from the seed, for it guards this machine and no simulated world."""
        self.trace.secrets.add(self.control_token, "control_token")
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
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
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
        self._directory = new_directory()
        app = ServiceApp(self.exchange, self._control, lambda: self.signalling, lambda: self.ringing)
        try:
            certificates = make_certificates(self._directory, server_names(self._host, self.world.apps))
            for port, context in zip(self._ports, (None, certificates.context), strict=True):
                try:
                    self._listeners.append(Listener(app, bind(self._host, port), context))
                except OSError as error:
                    remedy = "choose another port, or 0"
                    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                        remedy = "name an address of this machine"
                    raise SimulatorError(f"can't listen on {self._host}:{port}: {error.strerror}; {remedy}") from None
            for listener in self._listeners:
                await listener.start()
        except BaseException:
            await self._stop()
            raise
        plain, tls = self._listeners
        self._loop = asyncio.get_running_loop()
        self.exchange.tls_port = tls.port
        self._addresses = Addresses(self._host, plain.port, tls.port, certificates.ca_path, self.world.app.app_id)
        self.world.files = f"{self._addresses.http}/files"
        self.world.watch_happenings(self._happened)

    async def _stop(self) -> None:
        if self._signalling is not None:
            await self._signalling.close()
        if self._ringing is not None:
            await self._ringing.close()
        self.world.watch_happenings(None)
        if self._webhooks is not None:
            await self._webhooks.close()
            self._webhooks = None
        for listener in self._listeners:
            await listener.stop()
        self._listeners.clear()
        self._addresses = None
        self._loop = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    # -- HTTP without sockets ----------------------------------------------------------------------------------------

    def transport(self) -> httpx.AsyncBaseTransport:
        """For ``httpx.AsyncClient(transport=…)`` (and ``httpx.Client``): the same handlers, no socket. Needs no start."""
        from testcall_simulator.transports import SimulatorTransport

        return SimulatorTransport(self)

    def mocked(self, **options: Any) -> AbstractContextManager[Any]:
        """A context in which respx answers httpx requests to the service's hosts by the same handlers. Needs no start.

        ``options`` go to ``respx.mock``. Delays of faults block here: respx doesn't tell who awaits.
        """
        from testcall_simulator.transports import mocked

        return mocked(self, **options)

    async def answer(self, wire: WireRequest) -> Response | None:
        """Answer one request in process; None when a fault breaks the connection."""
        if self._loop is None or self._loop is asyncio.get_running_loop():
            return await self.exchange.answer(wire)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.exchange.answer(wire), self._loop))

    def answer_now(self, wire: WireRequest) -> Response | None:
        """The same for a blocking caller."""
        if self._thread is not None and self._loop is not None and threading.current_thread() is not self._thread:
            return asyncio.run_coroutine_threadsafe(self.exchange.answer(wire), self._loop).result()
        return self.exchange.answer_now(wire)

    # -- acts of the service, and of others in a call ----------------------------------------------------------------

    async def join_peer(
        self,
        session_id: str,
        uid: str,
        *,
        audio: AudioSource | None = None,
        video: VideoSource | None = None,
        audio_muted: bool = False,
        video_paused: bool = False,
        app_id: str | None = None,
    ) -> Peer:
        """A user of the world enters a session as a virtual participant with real media."""
        return await self.signalling.join_peer(
            session_id,
            uid,
            audio=audio,
            video=video,
            audio_muted=audio_muted,
            video_paused=video_paused,
            app_id=app_id,
        )

    async def kick(self, session_id: str, nick: str, *, app_id: str | None = None) -> None:
        """Throw an occupant out of a session."""
        await self.signalling.kick(session_id, nick, app_id=app_id)

    async def end_session(self, session_id: str, *, app_id: str | None = None) -> None:
        """End a session for all."""
        await self.signalling.end_session(session_id, app_id=app_id)

    async def drop_socket(self, session_id: str, nick: str, *, app_id: str | None = None) -> None:
        """Break an occupant's signalling socket, as a network that fails does."""
        await self.signalling.drop_socket(session_id, nick, app_id=app_id)

    async def mute_participant(
        self, session_id: str, nick: str, media: Literal["audio", "video"], *, app_id: str | None = None
    ) -> None:
        """Tell an occupant to mute itself, as a moderator does."""
        await self.signalling.mute_participant(session_id, nick, media, app_id=app_id)

    async def start_recording(
        self,
        session_id: str,
        *,
        mode: Literal["file", "stream"] = "file",
        by: str | None = None,
        app_id: str | None = None,
    ) -> None:
        """Start a recording by the service's own doing, or on behalf of the occupant ``by``; nothing happens when one runs."""
        await self.signalling.start_recording(session_id, mode=mode, by=by, app_id=app_id)

    async def stop_recording(self, session_id: str, *, app_id: str | None = None) -> None:
        """Stop the recording; nothing happens when none runs."""
        await self.signalling.stop_recording(session_id, app_id=app_id)

    async def start_transcription(self, session_id: str, *, by: str | None = None, app_id: str | None = None) -> None:
        """Start a transcription by the service's own doing, or on behalf of the occupant ``by``; nothing happens when one runs."""
        await self.signalling.start_transcription(session_id, by=by, app_id=app_id)

    async def stop_transcription(self, session_id: str, *, app_id: str | None = None) -> None:
        """Stop the transcription; nothing happens when none runs."""
        await self.signalling.stop_transcription(session_id, app_id=app_id)

    async def speak(self, session_id: str, nick: str, text: str, *, app_id: str | None = None) -> None:
        """The transcriber hears an occupant say ``text``: all see the caption, and the transcript has it."""
        await self.signalling.speak(session_id, nick, text, app_id=app_id)

    async def impair(
        self,
        session_id: str,
        nick: str,
        *,
        up: Impairment | None = None,
        down: Impairment | None = None,
        seed: int = 0,
        app_id: str | None = None,
    ) -> None:
        """Make the network of an occupant's media bad from now on, ``up`` from it, ``down`` to it; None makes it good again."""
        await self.signalling.impair(session_id, nick, up=up, down=down, seed=seed, app_id=app_id)

    def occupants(self, session_id: str, *, app_id: str | None = None) -> dict[str, str]:
        """Who is in a session: nick → uid, in order of arrival."""
        return self.signalling.occupants(session_id, app_id=app_id)

    async def ring(
        self,
        caller: str,
        receiver: str,
        *,
        receiver_type: ReceiverType = "user",
        type: Literal["audio", "video"] = "video",
        app_id: str | None = None,
    ) -> Ring:
        """A user of the world rings a user or a group; :class:`~testcall_simulator.ringing.RingRefusedError` if refused."""
        from testcall_simulator import ring_service

        user = self.world.user(caller, app_id)
        rung = ring_service.initiate(self.world, user, receiver, receiver_type=receiver_type, type=type)
        return self._rung(rung)

    async def set_ring(self, session_id: str, uid: str, status: RingStatus, *, app_id: str | None = None) -> Ring:
        """A user of the world accepts (``ongoing``), rejects, cancels or ends a ringing call."""
        from testcall_simulator import ring_service

        rung = ring_service.update(self.world, self.world.user(uid, app_id), session_id, status)
        return self._rung(rung)

    def _rung(self, rung: Rung) -> Ring:
        if rung.notice is not None:
            self._tell(rung.notice)
        return rung.ring

    def _tell(self, notice: Notice) -> None:
        self.ringing.tell(notice)

    # -- parts that load when they are needed ------------------------------------------------------------------------

    @property
    def signalling(self) -> SignallingService:
        """The signalling service (``xmpp_edge.SignallingService``), made when first asked for."""
        if self._signalling is None:
            from testcall_simulator.xmpp_edge import SignallingService

            self._signalling = SignallingService(self.world, self.trace, self.clock, faults=self.faults)
        return self._signalling

    @property
    def ringing(self) -> RingingService:
        """The ringing service (``ringing_edge.RingingService``), made when first asked for."""
        if self._ringing is None:
            from testcall_simulator.ringing_edge import RingingService

            self._ringing = RingingService(self.world, self.trace, self.clock, self.faults)
        return self._ringing

    @property
    def webhooks(self) -> WebhookService:
        """What delivers webhooks (``webhook_edge.WebhookService``), made when first asked for."""
        if self._webhooks is None:
            from testcall_simulator.webhook_edge import WebhookService

            self._webhooks = WebhookService(self.world, self.trace, self.clock)
        return self._webhooks

    def _happened(self, told: Told) -> None:
        """Something that webhooks may be told of; whoever changes the world may do so in any thread."""
        if self._loop is None or not self.world.webhooks.of(told.app_id):
            return
        if is_running(self._loop):
            self.webhooks.tell(told)
        else:
            self._loop.call_soon_threadsafe(self._happened, told)

    def _control(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        if self._control_app is None:
            from testcall_simulator.control import Control

            self._control_app = Control(self).app
        return self._control_app


def is_running(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this very code runs in ``loop``."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
