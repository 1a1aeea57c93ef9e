"""Every reach into private names of aiortc and aioice, in one place, against one pinned version of each.

What is corrected, and why:

- **Candidates.** aioice never offers 127.0.0.1; a leg offers exactly the addresses that it is told.
- **Consent** (RFC 7675 §5.1). aioice counts six failures, so that consent ends 28 to 34 s after the last valid answer, most
  often later than the 30 s that the standard allows. Here one clock runs from the last valid answer.
- **RTP and RTCP.** aiortc binds every unknown SSRC of a known payload type to its one receiver, which mixes simulcast layers,
  and starts two decoder threads for each connection. Here senders and receivers of a leg never start; whatever arrives is
  handed out decrypted, whatever is sent goes straight to SRTP.
- **Certificate.** One certificate serves every leg of the process; making one for each costs more than the handshake.

:func:`self_test` looks at every name used here and says which is gone.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.metadata
import inspect
import random
from collections.abc import Callable, Sequence
from typing import Any, cast

from aioice import stun
from aioice.ice import Connection, StunProtocol
from aiortc import RTCBundlePolicy, RTCCertificate, RTCConfiguration, RTCIceCandidate, RTCPeerConnection
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtp import is_rtcp

from testcall_simulator.jingle import Candidate
from testcall_simulator.media.impairment import Schedule
from testcall_simulator.media.sources import MediaError

PINNED = {"aiortc": "1.16.", "aioice": "0.13."}
"""Versions whose private names were read; another one must be read before it is allowed."""

CONSENT_INTERVAL_S = 5.0
"""Mean time between consent checks, each randomised by 0.8 to 1.2 (RFC 7675 §5.1)."""
CONSENT_EXPIRY_S = 30.0
"""Consent ends this long after the last valid answer (RFC 7675 §5.1)."""

Tap = Callable[[bytes], None]


def check_versions() -> None:
    """Raise :class:`MediaError` unless aiortc and aioice are the versions that this module was written against."""
    for package, prefix in PINNED.items():
        found = importlib.metadata.version(package)
        if not found.startswith(prefix):
            raise MediaError(
                f"media needs {package} {prefix}*, found {found}: install the extra testcall[media] of this version"
            )


def self_test() -> list[str]:
    """Names of aiortc and aioice that this module relies on and that are missing; an empty list when all is well."""
    expected: list[tuple[Any, Sequence[str]]] = [
        (Connection, ("query_consent", "get_component_candidates", "build_request", "close", "connect")),
        (StunProtocol, ("request", "send_data", "datagram_received")),
        (RTCDtlsTransport, ("_handle_rtp_data", "_handle_rtcp_data")),
        (RTCRtpReceiver, ("receive",)),
        (RTCRtpSender, ("send",)),
    ]
    missing = [f"{owner.__name__}.{name}" for owner, names in expected for name in names if not hasattr(owner, name)]
    assigned: list[tuple[Any, Sequence[str]]] = [
        (Connection.__init__, ("_nominated", "_protocols", "_query_consent_task")),
        (RTCDtlsTransport.__init__, ("_state", "_tx_srtp", "_transport")),
        (RTCPeerConnection.__init__, ("__certificates",)),
    ]
    missing += [
        f"{owner.__qualname__.split('.')[0]}.{name}"
        for owner, names in assigned
        for name in names
        if f"self.{name}" not in inspect.getsource(owner)
    ]
    if list(inspect.signature(RTCDtlsTransport._handle_rtp_data).parameters) != ["self", "data", "arrival_time_ms"]:
        missing.append("RTCDtlsTransport._handle_rtp_data(data, arrival_time_ms)")
    if "retransmissions" not in inspect.signature(StunProtocol.request).parameters:
        missing.append("StunProtocol.request(retransmissions=)")
    return missing


@functools.cache
def prepare() -> None:
    """Check versions and names once per process; :class:`MediaError` says what doesn't fit."""
    check_versions()
    if missing := self_test():
        raise MediaError(f"aiortc or aioice lacks what media needs: {', '.join(missing)}; install testcall[media]")


@functools.cache
def shared_certificate() -> RTCCertificate:
    """The certificate of every leg of this process (valid 30 days)."""
    return RTCCertificate.generateCertificate()


def new_peer_connection() -> RTCPeerConnection:
    """A connection that bundles everything, asks no STUN server and uses the shared certificate."""
    prepare()
    connection: Any = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    connection._RTCPeerConnection__certificates = [shared_certificate()]
    return cast("RTCPeerConnection", connection)


class RawTransport:
    """The one transport of a bundled connection, below its senders and receivers.

    Make it after the transceivers were added and before the local description is set. ``on_rtp`` and ``on_rtcp`` get
    decrypted packets in the event loop.
    """

    def __init__(self, connection: RTCPeerConnection, addresses: Sequence[str], on_rtp: Tap, on_rtcp: Tap) -> None:
        transceivers: list[Any] = connection.getTransceivers()
        for transceiver in transceivers:
            transceiver.sender.send = _ignore
            transceiver.receiver.receive = _ignore
        self._dtls: Any = transceivers[0].receiver.transport
        self._ice: Any = self._dtls.transport._connection
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._dtls._handle_rtp_data = self._rtp_arrived
        self._dtls._handle_rtcp_data = self._rtcp_arrived
        offer_addresses(self._ice, addresses)
        fix_consent(self._ice)
        self.readdress: Callable[[bytes], bytes] | None = None
        """Makes of each packet that is to be sent the one that the far end knows it as."""
        self.packets_sent = 0
        self.send_failures = 0

    async def _rtp_arrived(self, data: bytes, arrival_time_ms: int) -> None:
        self._on_rtp(data)

    async def _rtcp_arrived(self, data: bytes) -> None:
        self._on_rtcp(data)

    @property
    def connected(self) -> bool:
        """Whether ICE and DTLS are up."""
        return self._dtls._state is State.CONNECTED and bool(self._ice._nominated)

    async def add_candidate(self, candidate: Candidate) -> None:
        """Take a candidate of the far end; one that is no UDP candidate is left."""
        if candidate.protocol.lower() == "udp":
            await self._dtls.transport.addRemoteCandidate(
                RTCIceCandidate(
                    component=candidate.component,
                    foundation=candidate.foundation,
                    ip=candidate.ip,
                    port=candidate.port,
                    priority=candidate.priority,
                    protocol="udp",
                    type=candidate.type,
                )
            )

    def impair(self, up: Schedule | None, down: Schedule | None) -> None:
        """Let every datagram from (``up``) and to (``down``) the far end meet the fate that a schedule decides; None: none.

        Call it after the local description was set. STUN and DTLS are datagrams too.
        """
        for protocol in self._ice._protocols:
            stock = getattr(protocol.transport, "stock", protocol.transport)
            protocol.transport = stock if down is None else _ImpairedSender(stock, down)
            if up is None:
                vars(protocol).pop("datagram_received", None)
            else:
                protocol.datagram_received = _impaired(type(protocol).datagram_received.__get__(protocol), up)

    def send(self, data: bytes) -> bool:
        """Protect and send one RTP or compound RTCP packet; False when the transport is not up."""
        pair = self._ice._nominated.get(1)
        if pair is None or self._dtls._state is not State.CONNECTED:
            self.send_failures += 1
            return False
        if self.readdress is not None:
            data = self.readdress(data)
        session = self._dtls._tx_srtp
        protected = session.protect_rtcp(data) if is_rtcp(data) else session.protect(data)
        pair.protocol.transport.sendto(protected, pair.remote_addr)
        self.packets_sent += 1
        return True


class _ImpairedSender:
    """A datagram transport whose outgoing datagrams meet the fate of a schedule."""

    def __init__(self, stock: asyncio.DatagramTransport, schedule: Schedule) -> None:
        self.stock = stock
        self._send = _impaired(stock.sendto, schedule)

    def sendto(self, data: bytes, addr: Any = None) -> None:
        self._send(data, addr)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stock, name)


def _impaired(act: Callable[[bytes, Any], None], schedule: Schedule) -> Callable[[bytes, Any], None]:
    """``act`` on a datagram when, and as often as, the schedule decides."""
    loop = asyncio.get_running_loop()

    def decided(data: bytes, addr: Any) -> None:
        for delay_s in schedule.fate(len(data), loop.time()):
            if delay_s > 0:
                loop.call_later(delay_s, act, data, addr)
            else:
                act(data, addr)

    return decided


async def _ignore(parameters: object) -> None:
    """Stand in for a sender's ``send`` and a receiver's ``receive``: neither starts."""


def offer_addresses(ice: Any, addresses: Sequence[str]) -> None:
    """Let this ICE agent gather host candidates on exactly ``addresses``."""
    gather = ice.get_component_candidates

    async def gather_there(component: int, addresses: list[str], timeout: int = 5) -> Any:
        return await gather(component=component, addresses=chosen, timeout=timeout)

    chosen = list(addresses)
    ice.get_component_candidates = gather_there


def fix_consent(
    ice: Any, *, interval_s: float = CONSENT_INTERVAL_S, expiry_s: float = CONSENT_EXPIRY_S, seed: int | None = None
) -> None:
    """Let this ICE agent keep consent by RFC 7675 §5.1: checks 0.8 to 1.2 intervals apart, each sent once, one clock."""
    randomness = random.Random(seed)

    async def query_consent() -> None:
        loop = asyncio.get_running_loop()
        state = {"valid": loop.time()}
        checks: set[asyncio.Task[None]] = set()
        due = loop.time() + interval_s * randomness.uniform(0.8, 1.2)
        try:
            while True:
                await asyncio.sleep(max(0.0, min(due, state["valid"] + expiry_s) - loop.time()))
                if loop.time() >= state["valid"] + expiry_s:
                    # After a stall of this process the answer may wait in the socket: let it be read first.
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)
                if loop.time() >= state["valid"] + expiry_s:
                    ice._query_consent_task = None
                    await ice.close()
                    return
                if loop.time() >= due:
                    due = loop.time() + interval_s * randomness.uniform(0.8, 1.2)
                    for pair in list(ice._nominated.values()):
                        task = asyncio.create_task(_check_consent(ice, pair, state))
                        checks.add(task)
                        task.add_done_callback(checks.discard)
        finally:
            for task in checks:
                task.cancel()

    ice.query_consent = query_consent


async def _check_consent(ice: Any, pair: Any, state: dict[str, float]) -> None:
    request = ice.build_request(pair, nominate=False)
    key = ice.remote_password.encode()
    try:
        await pair.protocol.request(request, pair.remote_addr, integrity_key=key, retransmissions=0)
    except stun.TransactionError:
        return
    state["valid"] = asyncio.get_running_loop().time()


def ice_connection(connection: RTCPeerConnection) -> Any:
    """The aioice agent of a bundled connection: for tests that cut or watch its consent checks."""
    return connection.getTransceivers()[0].receiver.transport.transport._connection


def tap_receivers(connection: RTCPeerConnection, on_rtp: Tap) -> None:
    """Hand every RTP packet of a stock connection to ``on_rtp`` instead of aiortc's receivers (a client's side)."""
    dtls: Any = connection.getTransceivers()[0].receiver.transport

    async def arrived(data: bytes, arrival_time_ms: int) -> None:
        on_rtp(data)

    dtls._handle_rtp_data = arrived


def drop_unknown_ssrc(connection: RTCPeerConnection) -> None:
    """Let a stock connection's router drop an SSRC that was not signalled, instead of binding it to its receiver."""
    router: Any = connection.getTransceivers()[0].receiver.transport._rtp_router

    def route_rtp(packet: Any) -> Any:
        receiver = router.ssrc_table.get(packet.ssrc)
        return receiver if receiver in router.payload_type_table.get(packet.payload_type, set()) else None

    router.route_rtp = route_rtp
