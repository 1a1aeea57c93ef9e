"""Tabs of the browser that are used again: each instance gets a document of its own, not a tab of its own.

A tab that has loaded a build before has it parsed and compiled: the same page again costs a tenth of a second, in a new tab a
second of processor time. What a document leaves behind in a tab (storage, cookies, its name, other windows) is cleared in between,
and instances that are open at once are in different contexts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from testcall_conformance.adapters.browser_network import install_routes, outside_pattern

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Frame, Page

MAX_USES = 40
"""After so many documents a tab is closed: nobody knows what a browser keeps."""

MAX_IDLE = 3
"""So many tabs are kept for later."""

BLANK = "/testcall-blank"
"""Path of the page at which a tab waits: of the build's origin, so that its storage can be cleared, and its process stays."""

_CLEAR = """async () => {
  localStorage.clear();
  sessionStorage.clear();
  window.name = "";
  for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
  for (const name of await caches.keys()) await caches.delete(name);
}"""


@dataclass(frozen=True, slots=True)
class Form:
    """What a tab is fit for: the origin of the page, and what runs before each document, in this order.

    ``scripts``, then the virtual clock, if there is one, then ``later`` scripts.
    """

    origin: str
    scripts: tuple[str, ...]
    virtual_clock: bool = False
    later: tuple[str, ...] = ()


class Sheet:
    """A tab: a context with one page. Who uses it sets ``on_line``, ``on_ended`` and ``on_console``, and lets go of it."""

    def __init__(self, form: Form, context: BrowserContext, page: Page) -> None:
        self.form = form
        self.context = context
        self.page = page
        self.uses = 0
        self._ports: set[int] | None = None
        self.let_go()

    def let_go(self) -> None:
        """From now on, what comes from the page is nobody's."""
        self.on_line: Callable[[str], None] = lambda _line: None
        """A line that the page sends."""
        self.on_ended: Callable[[str], None] = lambda _why: None
        """The page is gone, or another document is in it; with the reason."""
        self.on_console: Callable[[ConsoleMessage], None] = lambda _message: None
        """A line of the page's console."""

    @staticmethod
    async def made(browser: Browser, form: Form) -> Sheet:
        """A tab in a fresh context, empty as yet."""
        context = await browser.new_context(
            ignore_https_errors=True, viewport={"width": 1280, "height": 800}, service_workers="block"
        )
        for script in form.scripts:
            await context.add_init_script(script=script)
        if form.virtual_clock:
            await context.clock.install()
        for script in form.later:
            await context.add_init_script(script=script)
        sheet = Sheet(form, context, await context.new_page())
        await sheet._watch()
        return sheet

    async def reach(self, ports: set[int], report: Callable[[dict[str, Any]], None]) -> None:
        """Let the page reach these ports of this machine and nothing else; ``report`` gets the requests to elsewhere."""
        if self._ports is not None:
            await self.context.unroute(outside_pattern(self._ports))
        self._ports = ports
        await install_routes(self.context, ports, report)

    async def clear(self) -> None:
        """End the document and whatever it left; raises what the browser raises when that doesn't work."""
        self.let_go()
        await self.page.goto(self.form.origin + BLANK, wait_until="load")
        for other in self.context.pages:
            if other is not self.page:
                await other.close()
        await self.page.evaluate(_CLEAR)
        await self.context.clear_cookies()

    async def close(self) -> None:
        """Close page and context; one that is gone already is no error."""
        self.let_go()
        with contextlib.suppress(Exception):
            await self.context.close()

    async def _watch(self) -> None:
        await self.page.expose_binding("__testcall_send", lambda _source, line: self.on_line(str(line)))
        self.page.on("crash", lambda _page: self.on_ended("the page crashed"))
        self.page.on("close", lambda _page: self.on_ended("the page was closed"))
        self.page.on("framenavigated", self._navigated)
        self.page.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        self.on_console(message)

    def _navigated(self, frame: Frame) -> None:
        if frame == self.page.main_frame:
            self.on_ended(f"the page left for {frame.url}")


class Shelf:
    """Tabs that wait for their next use."""

    def __init__(self) -> None:
        self._idle: list[Sheet] = []

    def take(self, form: Form) -> Sheet | None:
        """A tab of that form, if one is kept."""
        found = next((sheet for sheet in self._idle if sheet.form == form and not sheet.page.is_closed()), None)
        if found is not None:
            self._idle.remove(found)
        return found

    async def put(self, sheet: Sheet) -> None:
        """Keep a tab for later, cleared; close it, where that doesn't work, and the oldest beyond :data:`MAX_IDLE`.

        A virtual clock goes on from document to document, so that such a tab is of use once.
        """
        sheet.uses += 1
        if sheet.uses >= MAX_USES or sheet.form.virtual_clock:
            await sheet.close()
            return
        try:
            await sheet.clear()
        except Exception:  # the tab is broken, whatever the reason; the next instance gets another
            await sheet.close()
            return
        self._idle.append(sheet)
        if len(self._idle) > MAX_IDLE:
            await self._idle.pop(0).close()

    async def close(self) -> None:
        """Close all that is kept."""
        idle, self._idle = self._idle, []
        for sheet in idle:
            await sheet.close()
