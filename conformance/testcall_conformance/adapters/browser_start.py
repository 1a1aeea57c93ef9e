"""Starts the browser of an adapter; or lends out the one of this process, which stays open from one work unit to the next.

A browser takes seconds to start, and a worker has many units; what is fresh per instance is its context, not the browser.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from testcall_conformance.adapters.base import ConnectOptions
from testcall_conformance.adapters.browser_find import find_browser
from testcall_conformance.adapters.browser_network import RESOLVER_RULES
from testcall_conformance.adapters.browser_server import PageServer
from testcall_conformance.adapters.browser_tabs import Shelf
from testcall_conformance.errors import AdapterFailure, ConformanceError

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

_FLAGS = (
    "--use-fake-ui-for-media-stream",  # else "no microphone & camera"; also accepts getDisplayMedia
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",  # a machine or namespace with only the loopback interface
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--host-resolver-rules={RESOLVER_RULES}",
)


_PARTING_S = 5.0


@dataclass(frozen=True, slots=True)
class Started:
    """A running browser and the driver that started it; both belong to one event loop.

    ``shelf``: its tabs that wait for their next use; ``servers``: those of the builds that it has shown, by integrity.
    """

    playwright: Playwright
    browser: Browser
    loop: asyncio.AbstractEventLoop
    shelf: Shelf = field(default_factory=Shelf)
    servers: dict[str, PageServer] = field(default_factory=dict)


_lent: dict[bool, Started] = {}
"""The browsers of this process, by whether they show a window."""


async def start_browser(options: ConnectOptions) -> Started:
    """A browser of one's own; raises :class:`AdapterFailure` when it doesn't start."""
    try:
        from playwright.async_api import Error, async_playwright
    except ImportError:
        raise ConformanceError('npm: and file: builds need Playwright: pip install "testcall[browser]"') from None
    playwright = await async_playwright().start()
    try:
        executable = find_browser(playwright.chromium.executable_path)
        browser = await playwright.chromium.launch(
            executable_path=executable,
            headless=not options.headed,
            args=list(_FLAGS),
            timeout=options.limits.start_s * 1000,
        )
    except Error as wrong:
        await playwright.stop()
        first = wrong.message.strip().splitlines()[0]
        raise AdapterFailure("start", f"the browser {executable or 'of Playwright'} does not start: {first}") from None
    except BaseException:
        await playwright.stop()
        raise
    return Started(playwright, browser, asyncio.get_running_loop())


async def borrow_browser(options: ConnectOptions) -> Started:
    """The browser of this process and loop, started if there is none that runs. Nobody who borrows it closes it."""
    held = _lent.get(options.headed)
    if held is None or held.loop is not asyncio.get_running_loop() or not held.browser.is_connected():
        held = _lent[options.headed] = await start_browser(options)
    return held


async def give_up_browser(browser: Browser | None) -> None:
    """End a browser that was lent out and no longer answers; the next who borrows gets another."""
    for key, held in list(_lent.items()):
        if held.browser is browser:
            del _lent[key]
            for server in held.servers.values():
                await server.stop()
            with contextlib.suppress(Exception):  # its driver ends it with itself
                async with asyncio.timeout(_PARTING_S):
                    await held.playwright.stop()


async def close_borrowed() -> None:
    """Close the browsers that this loop lent out."""
    for held in list(_lent.values()):
        if held.loop is asyncio.get_running_loop():
            await give_up_browser(held.browser)
