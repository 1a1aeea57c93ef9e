"""What a page may reach: the simulator, and nothing else. All other requests are answered here and reported with their URL.

Two walls: Playwright's routes answer every request of a page that is not to the simulator, and the browser's resolver knows
no host but this one (WebSockets, STUN and the browser's own traffic do not pass routes). So nothing leaves the machine.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from testcall_conformance.adapters.browser_server import Asset
from testcall_conformance.packages import Package
from testcall_conformance.protocol import WorldInfo

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Request, Route

RESOLVER_RULES = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"
"""Chromium's ``--host-resolver-rules``: every other name (and address) fails to resolve, without a question to any server."""

_PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)  # a transparent GIF of one pixel
_CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-headers": "*",
    "access-control-allow-methods": "*",
}
_REFUSAL = (
    b'{"error":{"code":"TESTCALL_OUTSIDE","message":"This request was not for the simulator; testcall answered it."}}'
)


def simulator_ports(world: WorldInfo) -> set[int]:
    """The ports of this machine at which the world's addresses say that the simulator listens."""
    ports = set()
    for address in world.addresses.model_dump().values():
        parts = urlsplit(address)
        if parts.port is not None and _is_here(parts.hostname or ""):
            ports.add(parts.port)
    return ports


def outside_pattern(ports: Iterable[int]) -> re.Pattern[str]:
    """Matches the URLs of requests that are not to the simulator."""
    known = "|".join(str(port) for port in sorted(ports)) or "(?!)"
    return re.compile(
        rf"^(?!(?:https?|wss?)://(?:[a-z0-9-]+\.)*(?:localhost|127\.0\.0\.1):(?:{known})(?:[/?#]|$))(?:https?|wss?)://"
    )


def page_assets(package: Package, page: bytes) -> dict[str, Asset]:
    """The page with the build's script in it, and all files of the package under ``/testcall-sdk/``."""
    script = f"/testcall-sdk/{package.entry}"
    if package.kind == "module":
        # what a module exports becomes global, as its classic build would have it
        tag = f'<script type="module">import * as build from "{script}"; Object.assign(window, build);</script>'
    else:
        tag = f'<script src="{script}"></script>'
    assets = {"/testcall": Asset(page.replace(b"<!-- the scripts of the build follow -->", tag.encode()), "text/html")}
    for path, content in package.files.items():
        assets[f"/testcall-sdk/{path}"] = Asset(content, _content_type(path))
    return assets


async def install_routes(
    context: BrowserContext, ports: Iterable[int], report: Callable[[dict[str, Any]], None]
) -> None:
    """Answer whatever is not for one of these ``ports`` of this machine; ``report`` gets {url, method, type} of each."""

    async def answer(route: Route, request: Request) -> None:
        report({"url": request.url, "method": request.method, "type": request.resource_type})
        await route.fulfill(**stub_answer(request.resource_type))

    await context.route(outside_pattern(ports), answer)


def stub_answer(resource_type: str) -> dict[str, Any]:
    """What a request that is not for the simulator gets: an empty asset of its kind, or 404 with a JSON error."""
    if resource_type == "script":
        return {"status": 200, "headers": _CORS, "content_type": "text/javascript", "body": b""}
    if resource_type == "stylesheet":
        return {"status": 200, "headers": _CORS, "content_type": "text/css", "body": b""}
    if resource_type == "image":
        return {"status": 200, "headers": _CORS, "content_type": "image/gif", "body": _PIXEL}
    return {"status": 404, "headers": _CORS, "content_type": "application/json", "body": _REFUSAL}


def _is_here(host: str) -> bool:
    return host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")


def _content_type(path: str) -> str:
    if path.endswith((".js", ".mjs", ".cjs")):
        return "text/javascript"
    return mimetypes.guess_type(path)[0] or "application/octet-stream"
