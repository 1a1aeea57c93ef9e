"""What every adapter is to the runner: a protocol of six requests, its limits, and the options that choose one.

The runner never trusts an adapter: whatever one does wrong arrives as an :class:`~testcall_conformance.errors.AdapterFailure`
and leaves the runner usable. After a failure whose ``needs_restart`` is true, ``stop()`` then ``start()`` gives a fresh one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from testcall_conformance.protocol import Description, Ended, Invoke, Notification, WorldInfo


@runtime_checkable
class Adapter(Protocol):
    """Drives one build. Instances are fresh SDKs (users' devices), named by the runner."""

    on_message: Callable[[Notification], None]
    """Called with each callback, late settlement, uncaught error and log line, in the order of arrival."""

    async def start(self) -> Description:
        """Start it and ask what it is."""
        ...

    async def open(self, instance: str, world: WorldInfo) -> None:
        """Make a fresh SDK called ``instance``."""
        ...

    async def invoke(self, call: Invoke) -> Ended:
        """Call the SDK and say how the call ended. ``missing`` where the build has no such class, operation or setter."""
        ...

    async def capability(self, instance: str, method: str, params: Mapping[str, Any]) -> Any:
        """Use ``advance``, ``observe``, ``look``, ``press`` or ``echo``; the reply as JSON. ``unsupported`` where it has none."""
        ...

    async def close(self, instance: str) -> None:
        """End an instance. Closing one that is not open is no error."""
        ...

    async def stop(self) -> None:
        """End the adapter, whatever state it is in; never raises for what the adapter does."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much an adapter may take; seconds and bytes. Each is a limit for giving up, not an expectation."""

    start_s: float = 60.0
    open_s: float = 60.0
    reply_s: float = 30.0
    grace_s: float = 5.0
    """Added to an invocation's own ``timeout_ms``, within which the adapter itself has to say ``never``."""
    close_s: float = 15.0
    stop_s: float = 5.0
    line_bytes: int = 4 * 1024 * 1024
    messages: int = 200_000
    """Notifications of one connection; beyond it is a flood."""
    log_bytes: int = 256 * 1024
    """What is kept of a child's standard error; the rest is read and dropped."""

    def scaled(self, factor: float) -> Limits:
        """The same limits with every time multiplied by ``factor`` (a slower machine)."""
        times = ("start_s", "open_s", "reply_s", "grace_s", "close_s", "stop_s")
        return replace(self, **{name: getattr(self, name) * factor for name in times})


@dataclass(frozen=True)
class ConnectOptions:
    """What belongs to an ``--sdk`` beside the string itself. Most adapters look at a few of them only.

    ``init_scripts`` are JavaScript texts run in every page before the SDK loads; ``contract`` overrules the contract told
    from the package; ``trace_dir`` is where a browser trace goes when :meth:`BrowserAdapter.keep_trace` asks for it.
    ``share_browser``: adapters of one process and event loop use one browser, and its tabs, after the other; each instance still
    has a document of its own, alone in its context.
    """

    contract: str | None = None
    limits: Limits = field(default_factory=Limits)
    headed: bool = False
    keep_open: bool = False
    trace_dir: Path | None = None
    init_scripts: Sequence[str] = ()
    cache: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    share_browser: bool = False
    working_directory: Path | None = None


def ignore_message(_message: Notification) -> None:
    """The ``on_message`` of an adapter that nobody listens to yet."""
