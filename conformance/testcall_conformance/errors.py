"""The errors of the conformance package: a user's mistake in one line, and what an adapter did wrong."""

from __future__ import annotations

from typing import Any, Literal

FailureKind = Literal[
    "start",
    "hang",
    "crash",
    "rubbish",
    "unasked",
    "duplicate",
    "oversized",
    "flood",
    "missing",
    "unsupported",
    "refused",
]
"""What went wrong with an adapter.

- ``start``: it could not be started, did not dial in, or its browser or package is not there.
- ``hang``: no reply within the limit, or it stopped reading what it is sent.
- ``crash``: the process ended, the socket closed, the page was lost.
- ``rubbish``: a line that is no JSON-RPC 2.0, or a message that its schema refuses.
- ``unasked``: a reply to a request that was never sent. ``duplicate``: a second reply to one request.
- ``oversized``: a line over the limit. ``flood``: more messages than any run has.
- ``missing``: the adapter works; the *build* has no such class, operation or setter.
- ``unsupported``: the adapter works and does not have this capability.
- ``refused``: the adapter answered with any other JSON-RPC error.

After the last three the adapter is as good as before; after the others it has to be started again.
"""

_USABLE_AFTER: frozenset[FailureKind] = frozenset({"missing", "unsupported", "refused"})


class ConformanceError(Exception):
    """Something that the user can put right: one line that says what, where and what to do."""


class AdapterFailure(ConformanceError):  # noqa: N818  (a verdict's word: the adapter failed, not the SDK)
    """The adapter failed, not the SDK: verdict ``error``, attribution ``adapter``; the run goes on.

    ``data`` is what the adapter sent with a JSON-RPC error, else empty.
    """

    def __init__(self, kind: FailureKind, detail: str, data: dict[str, Any] | None = None) -> None:
        self.kind = kind
        self.detail = detail
        self.data = data or {}
        super().__init__(f"{kind}: {detail}")

    @property
    def needs_restart(self) -> bool:
        """Whether the adapter has to be started again before it can be asked anything."""
        return self.kind not in _USABLE_AFTER
