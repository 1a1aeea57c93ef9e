"""The control page in a real browser, and the service as a page of another origin meets it."""

import pytest

from testcall_simulator import Page, Simulator
from testcall_simulator.faults import Fault

pytestmark = pytest.mark.browser


@pytest.fixture
async def browser():
    from playwright.async_api import async_playwright

    from testcall_conformance.adapters.browser_find import find_browser

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_browser(playwright.chromium.executable_path))
        yield browser
        await browser.close()


@pytest.fixture
async def sim():
    async with Simulator() as running:
        yield running


async def test_the_page_shows_and_directs(sim, browser):
    sim.world.enter("testapp", "daily", "alice")
    sim.faults.add(Fault("http", "drop", name="me"))
    page = await browser.new_page()
    await page.goto(f"{sim.addresses.control}#token={sim.control_token}")
    await page.wait_for_selector("#sessions tr")
    assert "alice" in await page.inner_text("#sessions")
    assert not await page.is_visible("#door")
    assert "token" not in page.url
    await page.click("#faults button")
    await page.wait_for_selector("#faults tr", state="detached")
    assert not sim.faults
    await page.fill("#join [name=session]", "daily")
    await page.fill("#join [name=uid]", "nobody")
    await page.click("#join button")
    await page.wait_for_selector("#problem:not(:empty)")
    assert "no user 'nobody'" in await page.inner_text("#problem")


async def test_without_token_the_page_shows_the_door_only(sim, browser):
    page = await browser.new_page()
    await page.goto(sim.addresses.control)
    await page.wait_for_selector("#door")
    assert not await page.is_visible("#room")


async def test_a_page_of_another_origin_reads_answers_and_refusals(sim, browser):
    context = await browser.new_context(ignore_https_errors=True)
    page = await context.new_page()
    sim.pages["/empty.html"] = Page("<title>empty</title>")
    await page.goto(sim.addresses.app_origin + "/empty.html")
    script = """async ([base, authToken]) => {
      const headers = {Accept: 'application/json', 'Content-Type': 'application/json', authToken}
      const made = await fetch(base + 'call_tokens', {method: 'POST', headers, body: '{"sessionId":"s"}'})
      const callToken = (await made.json()).data.token
      const good = await fetch(base + 'call_tokens', {headers: {callToken}})
      const bad = await fetch(base + 'call_tokens', {headers: {callToken: 'x'}})
      return [(await good.json()).data.settings.WEBRTC_HOST, (await bad.json()).error.code]
    }"""
    told = await page.evaluate(script, [sim.addresses.calls_base(4), sim.world.user("alice").auth_token])
    assert told == [f"localhost:{sim.addresses.tls_port}", "AUTH_ERR_TOKEN_INVALID_SIGNATURE"]


async def test_a_page_of_another_origin_can_not_read_the_control_api(sim, browser):
    context = await browser.new_context(ignore_https_errors=True)
    page = await context.new_page()
    sim.pages["/empty.html"] = Page("<title>empty</title>")
    await page.goto(sim.addresses.app_origin + "/empty.html")
    script = "([url, token]) => fetch(url, {headers: {'x-testcall-token': token}}).then(() => 'read', () => 'refused')"
    url = sim.addresses.https + "/_testcall/world"
    assert await page.evaluate(script, [url, sim.control_token]) == "refused"
