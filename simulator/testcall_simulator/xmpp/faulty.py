"""What faults do to the frames of one direction of one socket. Which faults strike is decided elsewhere (:mod:`testcall_simulator.faults`).

Order is kept but by ``reorder``: a frame that is delayed holds back those behind it, as on any stream.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from testcall_simulator.faults import Fault
from testcall_simulator.xmpp.names import CLIENT, SASL
from testcall_simulator.xmpp.xml import StreamError, iq_error, make, name_of, parse, serialize, stream_error

_CONDITIONS = frozenset(
    {
        "bad-request", "conflict", "feature-not-implemented", "forbidden", "gone", "internal-server-error",
        "item-not-found", "jid-malformed", "not-acceptable", "not-allowed", "not-authorized", "policy-violation",
        "recipient-unavailable", "redirect", "registration-required", "remote-server-not-found",
        "remote-server-timeout", "resource-constraint", "service-unavailable", "subscription-required",
        "undefined-condition", "unexpected-request",
    }
)  # fmt: skip
"""Defined conditions of stanza errors (RFC 6120 §8.3.3)."""


@dataclass(frozen=True, slots=True)
class Pass:
    """The frame goes on its way, after ``delay_s``."""

    text: str
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Refuse:
    """The frame is answered with an error of this condition instead of being handled."""

    text: str
    condition: str


@dataclass(frozen=True, slots=True)
class Break:
    """The connection breaks."""


Passage = Pass | Refuse | Break


@dataclass(slots=True)
class Lane:
    """One direction of a socket. It remembers a frame that the next one is to overtake."""

    _held: str | None = None

    def take(self, text: str, faults: Iterable[Fault]) -> list[Passage]:
        """What becomes of a frame that these faults strike."""
        struck = {fault.does: fault for fault in faults}
        if "drop" in struck:
            return []
        if "close" in struck:
            return [Break()]
        if "error" in struck:
            return [Refuse(text, condition_of(struck["error"].code))]
        if "reorder" in struck and self._held is None:
            self._held = text
            return []
        if "corrupt" in struck:
            text = text[: len(text) // 2]
        delay_s = struck["delay"].delay_s if "delay" in struck else 0.0
        passages: list[Passage] = [Pass(text, delay_s)] * (2 if "duplicate" in struck else 1)
        if self._held is not None:
            passages.append(Pass(self._held))
            self._held = None
        return passages


def condition_of(code: str) -> str:
    """The stanza error that a fault's ``code`` asks for; ``internal-server-error`` when it is none."""
    return code if code in _CONDITIONS else "internal-server-error"


def refused(text: str, condition: str) -> str | None:
    """The error that answers a client's frame; ``None`` for one that nothing answers."""
    try:
        root = parse(text)
    except StreamError as error:
        return stream_error(error)
    namespace, name = name_of(root)
    if namespace == SASL:
        return serialize(make(SASL, "failure", None, make(SASL, condition)))
    answerable = name in {"presence", "message"} or root.get("type") in {"get", "set"}
    if namespace != CLIENT or root.get("type") == "error" or not answerable:
        return None
    return serialize(iq_error(root, condition))


def spoiled(text: str, condition: str) -> str:
    """A stanza of ours turned into an error: the same head, its content replaced. What is no stanza stays as it is."""
    try:
        root = parse(text)
    except StreamError:
        return text
    if name_of(root)[0] != CLIENT:
        return text
    error = iq_error(root, condition)
    for attribute in ("from", "to"):
        error.set(attribute, root.get(attribute, ""))
    return serialize(error)
