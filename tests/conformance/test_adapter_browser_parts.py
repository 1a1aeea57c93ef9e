"""Which browser is started, what counts as outside, and what the page's server answers; no browser needed."""

import os

import pytest

from testcall_conformance.adapters.browser_find import find_browser, is_snap_stub
from testcall_conformance.adapters.browser_network import outside_pattern, simulator_ports, stub_answer
from testcall_conformance.adapters.browser_server import Asset, answer
from testcall_conformance.errors import ConformanceError
from testcall_conformance.protocol import Addresses, WorldInfo

WORLD = WorldInfo(
    app_id="a",
    addresses=Addresses(
        calls="https://calls.localhost:8443/v3.0/",
        api="https://api.localhost:8443/v3.0",
        client="https://client.localhost:8443/v3.0",
        xmpp="wss://xmpp.localhost:8443/xmpp-websocket",
        calls_plain="http://127.0.0.1:8080/testapp/call/v3.0",
    ),
)


@pytest.fixture
def machine(tmp_path):
    """A machine on which some commands are installed; returns what ``find_browser`` needs of it."""

    def having(*commands, environment=None, own=None, stubs=(), platform="linux"):
        for name in (*commands, *stubs):
            path = tmp_path / name
            path.write_text(
                '#!/bin/sh\nexec /snap/bin/chromium "$@"\n' if name in stubs else "#!/bin/sh\nexec /usr/lib/x\n"
            )
            path.chmod(0o755)
        places = {name: str(tmp_path / name) for name in (*commands, *stubs)}
        if own is not None:
            (tmp_path / own).touch()
        return {
            "playwright_own": str(tmp_path / (own or "absent")),
            "environment": environment or {},
            "which": places.get,
            "platform": platform,
        }

    return having


def found(arguments):
    result = find_browser(**arguments)
    return result and os.path.basename(result)


def test_what_the_user_names_comes_first(machine):
    arguments = machine("mine", "google-chrome", environment={"TESTCALL_BROWSER": "mine"}, own="playwright-chromium")
    assert found(arguments) == "mine"


def test_what_the_user_names_must_be_there(machine):
    with pytest.raises(ConformanceError, match="TESTCALL_BROWSER=mine is no executable"):
        find_browser(**machine("google-chrome", environment={"TESTCALL_BROWSER": "mine"}))


def test_playwright_s_own_comes_second(machine):
    assert found(machine("google-chrome", own="playwright-chromium")) is None


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [
        (("chromium", "google-chrome", "microsoft-edge"), "google-chrome"),
        (("chromium", "microsoft-edge-stable"), "microsoft-edge-stable"),
        (("chromium-browser", "chromium"), "chromium"),
    ],
)
def test_then_chrome_edge_chromium(machine, installed, chosen):
    assert found(machine(*installed)) == chosen


def test_on_a_mac_applications_are_looked_at(machine):
    arguments = machine("chromium", platform="darwin")
    application = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    which = arguments["which"]
    arguments["which"] = lambda name: name if name == application else which(name)
    assert find_browser(**arguments) == application


def test_a_stub_that_only_installs_a_snap_is_no_browser(machine):
    arguments = machine("chromium", stubs=["chromium-browser"])
    assert found(arguments) == "chromium"
    with pytest.raises(ConformanceError, match="is only a stub that installs a snap") as raised:
        find_browser(**machine(stubs=["chromium-browser"]))
    assert "playwright install chromium" in str(raised.value)


def test_a_wrapper_script_is_a_browser(machine, tmp_path):
    machine("chromium")
    assert not is_snap_stub(tmp_path / "chromium")


def test_without_any_browser_the_error_is_one_line(machine):
    with pytest.raises(ConformanceError, match="no browser found: install Chrome or Chromium") as raised:
        find_browser(**machine())
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "outside"),
    [
        ("https://calls.localhost:8443/v3.0/call_tokens", False),
        ("https://app.localhost:8443", False),
        ("wss://xmpp.localhost:8443/xmpp-websocket?token=x", False),
        ("http://127.0.0.1:8080/testapp/call/v3.0", False),
        ("https://localhost:8443/x", False),
        ("https://calls.localhost:8444/", True),
        ("https://calls.localhost:84430/", True),
        ("https://calls.localhost/", True),
        ("https://localhost:8443.example.com/", True),
        ("https://example.com/?https://calls.localhost:8443/", True),
        ("https://evil-localhost:8443/", True),
        ("https://example.com:8443/", True),
        ("http://10.0.0.1:8080/", True),
        ("data:text/plain,x", False),
        ("blob:https://app.localhost:8443/1", False),
    ],
)
def test_what_is_not_for_the_simulator_is_outside(url, outside):
    assert simulator_ports(WORLD) == {8443, 8080}
    assert bool(outside_pattern(simulator_ports(WORLD)).search(url)) is outside


@pytest.mark.parametrize("kind", ["script", "stylesheet", "image"])
def test_an_outside_asset_is_empty_and_fine(kind):
    assert stub_answer(kind)["status"] == 200


def test_any_other_outside_request_is_refused_in_json():
    stub = stub_answer("fetch")
    assert (stub["status"], stub["content_type"]) == (404, "application/json")


def head(path, *lines, method="GET"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()


def test_the_page_server_serves_its_files_and_nothing_else():
    assets = {"/a.js": Asset(b"let a", "text/javascript"), "/a.css": Asset(b"body{}", "text/css")}
    assert answer(head("/a.js?v=1"), assets).startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/javascript")
    assert answer(head("/a.js"), assets).endswith(b"\r\n\r\nlet a")
    for request in (head("/b.js"), head("/../a.js"), head("/a.js", method="POST"), b"\r\n\r\n", b"\xff\xff\r\n\r\n"):
        assert answer(request, assets).startswith(b"HTTP/1.1 404")


def test_a_style_sheet_that_a_module_imports_is_an_empty_module():
    assets = {"/a.css": Asset(b"body{}", "text/css")}
    imported = answer(head("/a.css", "Sec-Fetch-Dest: script"), assets)
    linked = answer(head("/a.css", "Sec-Fetch-Dest: style"), assets)
    assert b"text/javascript" in imported
    assert imported.endswith(b"\r\n\r\n")
    assert linked.endswith(b"body{}")
