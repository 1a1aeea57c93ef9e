"""What this machine has and lacks for a run, in lines that say what to do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked for: whether it is there, and what to do when it isn't."""

    name: str
    good: bool
    detail: str


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("python", sys.version_info >= (3, 11), f"Python {version}; 3.11 or newer is needed")


def _media() -> Finding:
    good = all(find_spec(name) for name in ("aiortc", "av", "numpy"))
    return Finding("media", good, "aiortc, PyAV, NumPy" if good else "real media needs: pip install 'testcall[media]'")


def _browser() -> Finding:
    if find_spec("playwright") is None:
        return Finding("browser", False, "builds in a browser need: pip install 'testcall[browser]'")
    from playwright.sync_api import sync_playwright

    from testcall_conformance.adapters.browser_find import find_browser
    from testcall_conformance.errors import ConformanceError

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    try:
        return Finding("browser", True, find_browser(own) or own)
    except ConformanceError as error:
        return Finding("browser", False, str(error))


def _npm() -> Finding:
    found = shutil.which("npm")
    return Finding("npm", found is not None, found or "builds from npm need npm (Debian: apt install npm)")


EXAMINATIONS: dict[str, Callable[[], Finding]] = {"python": _python, "media": _media, "browser": _browser, "npm": _npm}
"""What is looked for, by name."""


def examine(names: Sequence[str] = ()) -> list[Finding]:
    """Look for everything, or for ``names`` only."""
    return [EXAMINATIONS[name]() for name in names or EXAMINATIONS]
