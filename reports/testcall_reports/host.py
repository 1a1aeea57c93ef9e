"""Describes the machine that runs the suite, without saying whose it is.

Only kinds and sizes: no host name, no user name, no path, no address. Figures mean little without them, and a report is public.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from testcall_reports.record import HostFacts

PACKAGES = ("testcall", "aiortc", "av", "playwright", "hypothesis", "websockets")
"""Packages whose version can change a verdict."""


def host_facts(*, browser: str = "", packages: Iterable[str] = PACKAGES) -> HostFacts:
    """The facts of this machine; ``browser`` as name and version, when one takes part. Packages not installed are left out."""
    versions = {}
    for name in packages:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return HostFacts(
        system=platform.system(),
        release=platform.release().split("-")[0],
        machine=platform.machine(),
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        memory_mb=_memory_mb(),
        python=platform.python_version(),
        browser=browser,
        packages=versions,
    )


def _memory_mb() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (AttributeError, ValueError, OSError):
        return 0
