"""Finds a browser: ``TESTCALL_BROWSER``, Playwright's own, Chrome, Edge, Chromium, in this order. Starts none."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from testcall_conformance.errors import ConformanceError

_COMMANDS = (
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "microsoft-edge-stable",
    "chromium",
    "chromium-browser",
)
_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_STUB_BYTES = 16 * 1024  # a wrapper script; the browser itself has hundreds of megabytes


def find_browser(
    playwright_own: str,
    *,
    environment: Mapping[str, str] = os.environ,
    which: Callable[[str], str | None] = shutil.which,
    platform: str = sys.platform,
) -> str | None:
    """Path of the browser to start, None for Playwright's own; raises :class:`ConformanceError` when there is none.

    ``playwright_own`` is where Playwright would look for its own browser.
    """
    if given := environment.get("TESTCALL_BROWSER"):
        found = which(given)
        if found is None:
            raise ConformanceError(f"TESTCALL_BROWSER={given} is no executable; point it at a Chrome, Edge or Chromium")
        return found
    if playwright_own and Path(playwright_own).exists():
        return None
    stubs = []
    candidates = list(_MAC) if platform == "darwin" else []
    for candidate in candidates + list(_COMMANDS):
        found = which(candidate)
        if found is not None and is_snap_stub(Path(found)):
            stubs.append(found)
        elif found is not None:
            return found
    only = f" ({stubs[0]} is only a stub that installs a snap)" if stubs else ""
    raise ConformanceError(
        f"no browser found{only}: install Chrome or Chromium, or run `playwright install chromium`, or set TESTCALL_BROWSER"
    )


def is_snap_stub(path: Path) -> bool:
    """Whether ``path`` is Ubuntu's stub: a short script that only points at, or installs, the snap package."""
    try:
        if path.stat().st_size > _STUB_BYTES:
            return False
        text = path.read_bytes()
    except OSError:
        return False
    return text.startswith(b"#!") and (b"snap install" in text or b"/snap/bin/" in text)
