"""HTTP without sockets: the simulator behind an httpx client, and behind respx."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx

from testcall_simulator.http.messages import Response, WireRequest

if TYPE_CHECKING:
    from testcall_simulator.simulator import Simulator

SERVICE_HOSTS = r"(^|.*\.)(localhost|cometchat\.io|cc-cluster-2\.io|cc-edge-2\.io)$|^127\.0\.0\.1$|^\[?::1\]?$"
"""Hosts that :func:`mocked` answers for: the service's own and those of this machine."""


class SimulatorTransport(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """For ``httpx.AsyncClient(transport=sim.transport())``, and for ``httpx.Client`` as well. Any host leads to the simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request of an asynchronous client."""
        return httpx_response(await self._simulator.answer(wire_request(request, await request.aread())), request)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request of a blocking client."""
        return httpx_response(self._simulator.answer_now(wire_request(request, request.read())), request)


@contextlib.contextmanager
def mocked(simulator: Simulator, **options: Any) -> Iterator[Any]:
    """A respx router for which the simulator answers; all other hosts are refused by respx, so that nothing leaves the machine."""
    import respx

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx_response(simulator.answer_now(wire_request(request, request.read())), request)

    with respx.mock(**{"assert_all_called": False, **options}) as router:
        router.route(host__regex=SERVICE_HOSTS, name="testcall").mock(side_effect=answer)
        yield router


def wire_request(request: httpx.Request, body: bytes) -> WireRequest:
    """The request value of an httpx request."""
    return WireRequest(
        method=request.method,
        scheme=request.url.scheme,
        authority=request.headers.get("host", request.url.netloc.decode("ascii")),
        path=request.url.path,
        query=request.url.query.decode("ascii"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )


def httpx_response(response: Response | None, request: httpx.Request) -> httpx.Response:
    """The httpx response of an answer; a broken connection raises what httpx raises for one."""
    if response is None:
        raise httpx.RemoteProtocolError("the simulator broke the connection, as a fault asked for", request=request)
    headers = {"content-type": "application/json", **response.headers} if response.body else dict(response.headers)
    return httpx.Response(response.status, headers=headers, content=response.encoded(), request=request)
