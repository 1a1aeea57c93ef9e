"""Tabs are used again, documents are not: an instance finds nothing of the one before, and none of its neighbour."""

from pathlib import Path

import pytest
import pytest_asyncio

from testcall_conformance.adapters import ConnectOptions, connect
from testcall_conformance.adapters.browser import NOWHERE
from testcall_conformance.adapters.browser_tabs import MAX_USES
from testcall_conformance.protocol import WorldInfo

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
SMALL_BUILD = Path(__file__).parent / "hostile" / "small_build.js"
LEAVE = """async () => {
  localStorage.setItem("kept", "1");
  sessionStorage.setItem("kept", "1");
  document.cookie = "kept=1";
  window.name = "kept";
  window.kept = 1;
  await caches.open("kept");
  await new Promise((done, fail) => {
    const opened = indexedDB.open("kept");
    opened.onsuccess = () => { opened.result.close(); done(); };
    opened.onerror = fail;
  });
}"""
FOUND = """async () => ({
  local: localStorage.length, session: sessionStorage.length, cookie: document.cookie, name: window.name,
  global: "kept" in window, caches: (await caches.keys()).length, databases: (await indexedDB.databases()).length,
  instance: new URLSearchParams(location.search).get("instance"),
})"""
NOTHING = {"local": 0, "session": 0, "cookie": "", "name": "", "global": False, "caches": 0, "databases": 0}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def adapter():
    made = await connect(f"file:{SMALL_BUILD}", options=ConnectOptions(contract="calls/javascript-v4"))
    await made.start()
    yield made
    await made.stop()


async def opened(adapter, instance, **world):
    await adapter.open(instance, WorldInfo(app_id="app", addresses=NOWHERE, **world))
    return adapter.page(instance)


async def test_an_instance_finds_nothing_of_the_one_before_it_in_the_tab(adapter):
    page = await opened(adapter, "first")
    await page.evaluate(LEAVE)
    await page.evaluate("() => { window.open('/testcall-blank') }")
    await adapter.close("first")
    again = await opened(adapter, "second")
    assert again is page, "the tab is used again"
    assert await again.evaluate(FOUND) == {**NOTHING, "instance": "second"}
    assert again.context.pages == [again]
    await adapter.close("second")


async def test_instances_that_are_open_at_once_are_in_different_contexts(adapter):
    first, second = await opened(adapter, "first"), await opened(adapter, "second")
    assert first.context is not second.context
    await first.evaluate(LEAVE)
    assert await second.evaluate(FOUND) == {**NOTHING, "instance": "second"}
    for instance in ("first", "second"):
        await adapter.close(instance)


async def test_a_tab_is_used_again_only_for_what_it_is_fit_for(adapter):
    plain = await opened(adapter, "plain")
    await adapter.close("plain")
    denied = await opened(adapter, "denied", devices="denied")
    virtual = await opened(adapter, "virtual", clock="virtual")
    assert len({plain, denied, virtual}) == 3
    await adapter.close("virtual")
    assert virtual.is_closed(), "the virtual clock went on"
    await adapter.close("denied")


async def test_a_broken_tab_is_not_used_again(adapter):
    page = await opened(adapter, "first")
    await page.goto("about:blank")
    await adapter.close("first")
    assert page.is_closed()
    again = await opened(adapter, "second")
    assert again is not page
    await adapter.close("second")


async def test_a_tab_is_not_used_for_ever(adapter):
    page = await opened(adapter, "0")
    await adapter.close("0")
    for number in range(1, MAX_USES + 1):
        if (await opened(adapter, str(number))) is not page:
            break
        await adapter.close(str(number))
    assert page.is_closed()
    await adapter.close(str(number))
