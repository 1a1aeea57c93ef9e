"""A published or local JavaScript build in a real browser: a document of its own for each instance.

The page's half is ``browser_page/adapter.js``; it speaks the same protocol over a Playwright binding. This half starts
things, serves the page, answers what is not for the simulator, and ends things; it decides nothing about the build.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import ValidationError

from testcall_conformance.adapters.base import ConnectOptions, Limits, ignore_message
from testcall_conformance.adapters.browser_network import page_assets, simulator_ports
from testcall_conformance.adapters.browser_server import Asset, PageServer
from testcall_conformance.adapters.browser_start import borrow_browser, give_up_browser, start_browser
from testcall_conformance.adapters.browser_tabs import BLANK, Form, Sheet, Shelf
from testcall_conformance.adapters.jsonrpc import Peer, Transport, first_error
from testcall_conformance.errors import AdapterFailure
from testcall_conformance.packages import Package
from testcall_conformance.protocol import (
    PROTOCOL,
    Addresses,
    Capabilities,
    Description,
    Ended,
    ErrorValue,
    Invoke,
    Log,
    Notification,
    SdkInfo,
    Uncaught,
    WorldInfo,
)

if TYPE_CHECKING:
    from playwright.async_api import Browser, ConsoleMessage, Page, Playwright

_PAGE = Path(__file__).parent / "browser_page"
_INSTANCES = 4  # more pages than this with real media exceed two cores
_CONSOLE_LINES = 200  # of warnings and errors kept per page; the SDK's media stack writes thousands
_ADVANCE_STEP_MS = 1000
_ADVANCE_STEPS = 600  # an hour in steps of 6 s
NOWHERE = Addresses(
    calls="https://calls.localhost:65535/v3.0/",
    api="https://api.localhost:65535/v3.0",
    client="https://client.localhost:65535/v3.0",
    xmpp="wss://xmpp.localhost:65535/xmpp-websocket",
)
"""Addresses of no simulator: enough to load a build and to try what it refuses before it asks the service."""


_DESCRIBED: dict[tuple[str, ...], list[str]] = {}
"""Operations of builds that this process has described before, by integrity and init scripts; a work unit need not ask again."""


class BrowserAdapter:
    """Drives a JavaScript build in Chromium through reflection on the page's globals."""

    def __init__(self, package: Package, options: ConnectOptions) -> None:
        self.on_message: Callable[[Notification], None] = ignore_message
        self.package = package
        self.description: Description | None = None
        self._options = options
        self._limits = options.limits
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._tabs: dict[str, _Tab] = {}
        self._kept = 0
        self._own_shelf = self._shelf = Shelf()
        self._own_server = self._server = self._new_server()

    async def start(self) -> Description:
        """Start the browser, load the build once in a page that is thrown away, and say what it has."""
        await self.stop()
        try:
            await self._launch()
            operations = _DESCRIBED.get(self._identity) or await self._reflect()
        except BaseException:
            await self.stop()
            raise
        if self.package.integrity:
            _DESCRIBED[self._identity] = operations
        self.description = Description(
            protocol=PROTOCOL,
            adapter="testcall browser",
            sdk=SdkInfo(name=self.package.name, version=self.package.version),
            contract=self.package.contract,
            operations=operations,
            capabilities=Capabilities(instances=_INSTANCES, clock=True, observe=True, ui=True, echo=True),
        )
        return self.description

    async def open(self, instance: str, world: WorldInfo) -> None:
        """A fresh document with the build loaded, alone in its context. One of the same name is closed first."""
        await self.close(instance)
        if self._browser is None:
            raise AdapterFailure("crash", "the browser is not started")
        self._tabs[instance] = await self._new_tab(instance, world)

    async def invoke(self, call: Invoke) -> Ended:
        """Call the build in the instance's page."""
        tab = self._tab(call.instance)
        limit_s = call.timeout_ms / 1000 + self._limits.grace_s
        reply = await tab.peer.request("invoke", call.model_dump(mode="json"), limit_s)
        try:
            return Ended.model_validate(reply)
        except ValidationError as wrong:
            raise AdapterFailure("rubbish", f"the page's reply to invoke is wrong, {first_error(wrong)}") from None

    async def capability(self, instance: str, method: str, params: Mapping[str, Any]) -> Any:
        """``advance`` moves the page's clock, ``look`` and ``press`` find controls, ``observe`` and ``echo`` ask the page."""
        tab = self._tab(instance)
        if method in {"look", "press"}:
            from testcall_conformance.adapters import browser_ui

            act = browser_ui.look if method == "look" else browser_ui.press
            return await act(tab.sheet.page, str(params["role"]), str(params["name"]))
        if method == "advance":
            return await self._advance(tab, float(params["ms"]))
        return await tab.peer.request(method, {**params, "instance": instance}, self._limits.reply_s)

    async def close(self, instance: str) -> None:
        """End the instance's document; with ``keep_open`` it stays for looking at until :meth:`stop`."""
        tab = self._tabs.pop(instance, None)
        if tab is None:
            return
        if self._options.keep_open:
            self._kept += 1
        else:
            await self._put_away(tab)

    async def keep_trace(self, instance: str, name: str) -> Path | None:
        """Write Playwright's trace of the instance so far to ``trace_dir/NAME.zip``; None when no ``trace_dir`` was given."""
        directory = self._options.trace_dir
        if directory is None:
            return None
        path = directory / f"{name}.zip"
        tracing = self._tab(instance).sheet.context.tracing
        await tracing.stop_chunk(path=path)
        await tracing.start_chunk()
        return path

    def page(self, instance: str) -> Page:
        """The Playwright page of an instance, for screenshots and for looking."""
        return self._tab(instance).sheet.page

    async def stop(self) -> None:
        """Close every page and the browser. With ``keep_open`` it waits until the user closes a browser that has pages."""
        browser, self._browser = self._browser, None
        if self._options.keep_open and browser is not None and (self._tabs or self._kept):
            await self._closed_by_user(browser)
        tabs, self._tabs = self._tabs, {}
        self._kept = 0
        playwright, self._playwright = self._playwright, None
        try:
            async with asyncio.timeout(self._limits.close_s):
                if self._options.share_browser:
                    for tab in tabs.values():
                        await self._put_away(tab)
                    await self._own_shelf.close()
                elif browser is not None:
                    await browser.close()
        except TimeoutError:
            await give_up_browser(browser)
        except Exception:  # a browser that is gone already has nothing left to close
            pass
        with contextlib.suppress(Exception):
            if playwright is not None:
                await playwright.stop()
        await self._own_server.stop()

    # --- inside ---

    async def _launch(self) -> None:
        """Start browser and page server; or take those that this process lends, with their tabs."""
        self._shelf, self._server = self._own_shelf, self._own_server
        if not self._options.share_browser:
            await self._server.start()
            started = await start_browser(self._options)
            self._playwright, self._browser = started.playwright, started.browser
            return
        held = await borrow_browser(self._options)
        self._browser = held.browser
        if self.package.integrity:
            self._shelf = held.shelf
            known = held.servers.get(self.package.integrity)
            self._server = held.servers[self.package.integrity] = known or self._new_server()
            if known is not None:
                return
        await self._server.start()

    def _new_server(self) -> PageServer:
        blank = {BLANK: Asset(b"<!doctype html>", "text/html")}
        return PageServer(page_assets(self.package, (_PAGE / "page.html").read_bytes()) | blank)

    @property
    def _identity(self) -> tuple[str, ...]:
        return (self.package.integrity, *self._options.init_scripts)

    async def _reflect(self) -> list[str]:
        """What the build puts on the page, asked in a page of its own."""
        tab = await self._new_tab("describe", WorldInfo(app_id="none", addresses=NOWHERE))
        try:
            found = await tab.peer.request("describe", {"protocol": PROTOCOL}, self._limits.reply_s)
        finally:
            await self._put_away(tab)
        operations = found.get("operations") if isinstance(found, dict) else None
        if not isinstance(operations, list) or not operations:
            why = (
                f"{tab.first_error.type} {tab.first_error.own.get('message', '')}"
                if tab.first_error
                else "no error told"
            )
            raise AdapterFailure("start", f"{self.package.source} put no class on the page ({why})")
        return operations

    async def _new_tab(self, instance: str, world: WorldInfo) -> _Tab:
        from playwright.async_api import Error

        assert self._browser is not None
        virtual = world.clock == "virtual"
        form = Form(self._server.origin, self._scripts(world), virtual, tuple(self._options.init_scripts))
        ports = {*simulator_ports(world), self._server.port}
        try:
            async with asyncio.timeout(self._limits.open_s):
                kept = self._shelf.take(form)
                sheet = kept or await Sheet.made(self._browser, form)
                if self._options.trace_dir is not None and kept is None:
                    await sheet.context.tracing.start(screenshots=True, snapshots=True)
                await sheet.reach(ports, lambda request: self._outside(instance, request))
                tab = _Tab(instance, sheet, self._limits, self._deliver)
                tab.virtual_clock = virtual
                await tab.load(f"{self._server.origin}/testcall?instance={quote(instance)}")
                return tab
        except TimeoutError:
            raise AdapterFailure(
                "hang", f"a page with the build did not load within {self._limits.open_s:g} s"
            ) from None
        except Error as wrong:
            raise AdapterFailure("crash", f"the page did not open: {wrong.message.splitlines()[0]}") from None

    def _scripts(self, world: WorldInfo) -> tuple[str, ...]:
        """What runs before the build in every document; the instance's name stands in the address."""
        named = 'new URLSearchParams(location.search).get("instance")'
        scripts = [_script("adapter.js").replace('"__INSTANCE__"', named), _script("observe.js")]
        if world.devices != "granted":
            scripts.append(_script("devices.js").replace("__DEVICES__", world.devices))
        return tuple(scripts)

    async def _put_away(self, tab: _Tab) -> None:
        """Keep the tab for another instance, unless it is broken or traced."""
        if tab.peer.failure is not None or self._options.trace_dir is not None:
            await tab.sheet.close()
        else:
            await self._shelf.put(tab.sheet)

    async def _advance(self, tab: _Tab, ms: float) -> None:
        if not tab.virtual_clock:
            raise AdapterFailure(
                "unsupported", "this instance was opened with a real clock; open it with clock: virtual"
            )
        left = round(ms)
        step = max(_ADVANCE_STEP_MS, left // _ADVANCE_STEPS)
        while left > 0:  # in steps: what a timer starts gets its turn in between
            await tab.sheet.page.clock.run_for(min(step, left))
            left -= step

    async def _closed_by_user(self, browser: Browser) -> None:
        closed = asyncio.Event()
        browser.on("disconnected", lambda _browser: closed.set())
        if browser.is_connected():
            self._deliver(Log(text="the browser stays open (--keep-open); close it to go on", level="warning"))
            await closed.wait()

    def _deliver(self, message: Notification) -> None:
        self.on_message(message)

    def _outside(self, instance: str, request: dict[str, Any]) -> None:
        self._deliver(Log(text=f"request to outside: {request['url']}", instance=instance, data={"request": request}))

    def _tab(self, instance: str) -> _Tab:
        if instance not in self._tabs:
            raise AdapterFailure("refused", f"there is no open instance {instance!r}")
        return self._tabs[instance]


def _script(name: str) -> str:
    return (_PAGE / name).read_text("utf-8")


class _Tab(Transport):
    """One document in a tab, and the peer that talks with it."""

    def __init__(self, instance: str, sheet: Sheet, limits: Limits, deliver: Callable[[Notification], None]) -> None:
        super().__init__()
        self.instance = instance
        self.sheet = sheet
        self.virtual_clock = False
        self.peer = Peer(self, limits, self._noted)
        self.first_error: ErrorValue | None = None
        self._limits = limits
        self._deliver = deliver
        self._console_lines = 0

    async def load(self, url: str) -> None:
        """Go to the page at ``url``, wait until the build is loaded, and name the instance."""
        self.sheet.on_line = self.received
        self.sheet.on_console = self._console
        await self.sheet.page.goto(url, wait_until="load")
        self.sheet.on_ended = self._ended
        await self.peer.request("open", {"instance": self.instance}, self._limits.reply_s)

    async def send(self, line: bytes) -> None:
        """Hand a line to the page."""
        from playwright.async_api import Error

        try:
            await self.sheet.page.evaluate("line => window.__testcall.receive(line)", line.decode("utf-8"))
        except Error as wrong:
            self._ended(f"the page cannot be asked: {wrong.message.splitlines()[0]}")

    def _ended(self, why: str) -> None:
        self.lost(AdapterFailure("crash", why))

    def _noted(self, message: Notification) -> None:
        if isinstance(message, Uncaught) and self.first_error is None:
            self.first_error = message.error
        self._deliver(message)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"warning", "error"} and self._console_lines < _CONSOLE_LINES:
            self._console_lines += 1
            data = {"console": message.type}
            self._deliver(Log(text=message.text[:500], level="debug", instance=self.instance, data=data))
