"""Faults by rule: *which* message, *what* happens to it, *how often*. Deciding only; the edges carry out what is decided.

A rule matches messages of one channel by name (a pattern), direction, user, session and text; its ``nth`` match is struck
first, and ``times`` of them in all. All rules that match a message count it, in the order in which they were added.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from testcall_simulator.errors import SimulatorError

Channel = Literal["http", "xmpp", "datachannel", "chat"]
Deed = Literal["delay", "drop", "duplicate", "reorder", "corrupt", "status", "error", "close"]
"""What may happen to a message.

``delay``: it comes ``delay_s`` later. ``drop``: it never comes; of HTTP, the connection breaks without an answer.
``duplicate``: it comes twice; of HTTP, the request is handled twice and answered once. ``reorder``: the next one of its
stream overtakes it. ``corrupt``: its second half is missing. ``status``: HTTP only, the answer has ``status``.
``error``: it is refused with ``code`` (HTTP: error envelope with ``status``; XMPP: an IQ error of that condition).
``close``: the connection that carries it is closed.
"""

_OF_HTTP: frozenset[str] = frozenset(get_args(Deed)) - {"reorder"}
_OF_STREAMS: frozenset[str] = frozenset(get_args(Deed)) - {"status"}
_POSSIBLE: dict[str, frozenset[str]] = {"http": _OF_HTTP, "chat": _OF_STREAMS - {"error"}}


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule. ``times`` None: for ever.

    ``name`` is a route name, stanza kind, colibri class, or the type or action of a chat frame; ``*`` and ``?`` allowed.
    """

    channel: Channel
    does: Deed
    name: str = "*"
    direction: Literal["in", "out"] | None = None
    uid: str | None = None
    session: str | None = None
    contains: str = ""
    nth: int = 1
    times: int | None = 1
    delay_s: float = 0.0
    status: int = 500
    code: str = "ERR_EXCEPTION"
    message: str = "A fault that was asked for."

    def __post_init__(self) -> None:
        possible = _POSSIBLE.get(self.channel, _OF_STREAMS)
        if self.channel not in get_args(Channel) or self.does not in possible:
            raise SimulatorError(
                f"no fault {self.does!r} on channel {self.channel!r}; there: {', '.join(sorted(possible))}"
            )
        if self.nth < 1 or (self.times is not None and self.times < 1):
            raise SimulatorError("a fault's nth and times count from 1")
        if self.does == "delay" and not 0 < self.delay_s <= 3600:
            raise SimulatorError(f"a fault that delays needs delay_s, 0 to 3600 seconds, not {self.delay_s:g}")
        if not 100 <= self.status <= 599:
            raise SimulatorError(f"{self.status} is no HTTP status")

    def matches(self, message: Message) -> bool:
        """Whether the rule is about ``message`` at all."""
        return (
            self.channel == message.channel
            and fnmatchcase(message.name, self.name)
            and self.direction in (None, message.direction)
            and self.uid in (None, message.uid)
            and (self.session is None or self.session.lower() == message.session)
            and self.contains in message.text
        )


@dataclass(frozen=True, slots=True)
class Message:
    """What is about to cross a wire. ``direction`` is seen from the service; ``text`` is a body or stanza."""

    channel: Channel
    name: str
    direction: Literal["in", "out"] = "in"
    uid: str | None = None
    session: str | None = None
    text: str = ""


@dataclass(slots=True)
class _Rule:
    id: str
    fault: Fault
    seen: int = 0
    struck: int = 0


@dataclass(slots=True)
class Faults:
    """The rules in force, and how often each was met."""

    _rules: dict[str, _Rule] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, fault: Fault) -> str:
        """Put ``fault`` in force; returns the id to remove it by."""
        rule = _Rule(f"fault-{next(self._numbers)}", fault)
        self._rules[rule.id] = rule
        return rule.id

    def remove(self, fault_id: str) -> None:
        """Take a rule out of force."""
        if self._rules.pop(fault_id, None) is None:
            raise SimulatorError(f"no fault {fault_id!r}; in force: {', '.join(self._rules) or 'none'}")

    def clear(self) -> None:
        """Take all rules out of force."""
        self._rules.clear()

    def strike(self, message: Message) -> list[Fault]:
        """What happens to ``message``; counts it for every rule that matches."""
        struck: list[Fault] = []
        for rule in self._rules.values():
            if not rule.fault.matches(message):
                continue
            rule.seen += 1
            if rule.seen >= rule.fault.nth and (rule.fault.times is None or rule.struck < rule.fault.times):
                rule.struck += 1
                struck.append(rule.fault)
        return struck

    def describe(self) -> list[dict[str, Any]]:
        """The rules in force with their counts, JSON-like."""
        return [
            {"id": rule.id, "seen": rule.seen, "struck": rule.struck, **asdict(rule.fault)}
            for rule in self._rules.values()
        ]
