"""Scenes that nobody played: recordings made by hand, for tests of judges.

``Played`` is written like a trace is read: calls, callbacks, what the service saw, acts around them. ``asked`` makes the
question of a promise of a rule, on an item of a real contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from testcall_conformance.checks import CHECKS, Judgement, Question
from testcall_conformance.evidence import Recording
from testcall_conformance.protocol import Capabilities, Description, SdkInfo
from testcall_conformance.scenes import Scene
from testcall_contract.loader import load
from testcall_contract.models import Contract
from testcall_contract.promises import Promise, Subject, items
from testcall_contract.trace import TraceEvent

UNDEFINED = {"$": "undefined"}
V4, V5 = "calls/javascript-v4", "calls/javascript-v5"


def everything(
    contract: Contract, *operations: str, version: str = "", adapter: str = "testcall browser"
) -> Description:
    """A description of an adapter that can do everything."""
    return Description(
        protocol=1, adapter=adapter, sdk=SdkInfo(name="x", version=version or f"{contract.sdk.major}.99.0"),
        contract=contract.contract, operations=list(operations),
        capabilities=Capabilities(instances=4, clock=True, observe=True, ui=True, echo=True),
    )  # fmt: skip


def subject(contract: Contract, kind: str, key: str, object_key: str | None = None) -> Subject:
    """The item of a contract of that kind and key."""
    found = [s for s, _ in items(contract) if (s.kind, s.key) == (kind, key) and object_key in (None, s.object)]
    assert found, f"{contract.contract} has no {kind} {key}"
    return found[0]


def asked(
    rule: str, kind: str, key: str, *, contract: str = V4, object_key: str | None = None, operations=(), **args: Any
) -> Question:
    """The question that a clause of ``rule`` under that item would put."""
    loaded = load(contract)
    about = subject(loaded, kind, key, object_key)
    args = {name.rstrip("_"): value for name, value in args.items()}
    promise = Promise("T-T-010", "clause", rule, args, "a promise", about, level="must", basis="documented")
    return Question(promise, loaded, everything(loaded, *operations), args)


class Played:
    """Events of a scene, in order. Methods return the object, so that a scene reads as one sentence."""

    def __init__(self, scene: Scene | None = None, contract: str = V4, **params: Any) -> None:
        self.scene = scene or Scene.of(params.pop("kind", "call"), **params)
        self.contract = load(contract)
        self.events: list[TraceEvent] = []
        self._calls = 0

    def add(self, kind: str, actor: str, name: str, /, at_s: float | None = None, **data: Any) -> Played:
        """Any event; ``at_s`` is its time, else one millisecond after the one before."""
        before = self.events[-1].at_ns if self.events else 0
        at_ns = int(at_s * 1e9) if at_s is not None else before + 1_000_000
        self.events.append(TraceEvent(len(self.events) + 1, at_ns, kind, actor, name, data))
        return self

    def call(
        self,
        concept: str,
        label: str = "probe",
        ended: str = "returned",
        value: Any = UNDEFINED,
        *,
        arguments=(),
        **error: Any,
    ) -> Played:
        """A call of the build and how it ended; ``code`` and ``message`` are members of its error."""
        self._calls += 1
        self.add("step", "alice-1", concept, label=label, call=self._calls, arguments=list(arguments))
        told = {"type": "E", "is_error": False, "own": error} if error else None
        return self.add(
            "outcome", "alice-1", concept, label=label, call=self._calls, ended=ended, value=value, error=told
        )

    def fails(self, concept: str, code: str | None = None, label: str = "probe", **more: Any) -> Played:
        """A call that rejects."""
        return self.call(concept, label, "rejected", code=code, message="no", **more)

    def begin(self, cause: str) -> Played:
        """An act begins."""
        return self.add("step", "alice-1", "act", act=cause, phase="begin")

    def end(self, cause: str) -> Played:
        """An act ends."""
        return self.add("step", "alice-1", "act", act=cause, phase="end")

    def callback(self, event: str, *arguments: Any, label: str = "main") -> Played:
        """An event reaches a listener."""
        return self.add("callback", "alice-1", event, label=label, arguments=list(arguments))

    def service(self, name: str, /, *, uid: str = "alice", session: str = "s", **data: Any) -> Played:
        """The service sees or decides something."""
        return self.add("wire", "service", name, channel="service", uid=uid, session=session, **data)

    def joined(self, uid: str = "alice", **data: Any) -> Played:
        """The service sees somebody join."""
        return self.service("occupant_joined", uid=uid, occupant=uid[:4], **data)

    def left(self, uid: str = "alice", **data: Any) -> Played:
        """The service sees somebody leave."""
        return self.service("occupant_left", uid=uid, **{"reason": "left", **data})

    def stanza(self, text: str, direction: str = "in") -> Played:
        """A stanza of the build."""
        return self.add("wire", "service", "presence", channel="xmpp", direction=direction, stanza=text)

    def http(self, name: str, body: Any = None, status: int = 200, url: str = "https://x/") -> Played:
        """A request of the build, and the answer."""
        return self.add(
            "wire", "service", name, channel="http", status=status, url=url, request={}, response={"body": body or {}}
        )

    def measured(self, media: str, present: bool, name: str = "measured", **data: Any) -> Played:
        """Bob measured what comes of the build (``rendered``: the build what it renders)."""
        return self.add("media", "bob", name, media=media, present=present, frames=int(present) * 9, **data)

    def held(self, name: str = "held", **data: Any) -> Played:
        """What the build holds or shows."""
        return self.add("media", "alice-1", name, **data)

    def look(self, visible: bool, **what: Any) -> Played:
        """A look at a control, a class or a title."""
        return self.add("outcome", "alice-1", "look", visible=visible, enabled=visible, count=int(visible), **what)

    def recording(self) -> Recording:
        """What a judge gets."""
        return Recording(self.scene, self.events, self.contract)


@dataclass(frozen=True)
class Case:
    """A question, what was played, and what the judge has to say of it: kept, not kept, or that it can't be told (None)."""

    name: str
    question: Question
    played: tuple[Played, ...]
    kept: bool | None
    seen: str = ""

    def judged(self) -> Judgement:
        """What the check of the question's rule says."""
        return CHECKS[self.question.promise.rule].judge(self.question, [one.recording() for one in self.played])

    def __str__(self) -> str:
        return f"{self.question.promise.rule}: {self.name}"


def case(name: str, question: Question, kept: bool | None, *played: Played, seen: str = "") -> Case:
    """A :class:`Case`."""
    return Case(name, question, played, kept, seen)


def check_case(one: Case) -> None:
    """Judge a case; what is told has to say why, and an accusation has to have evidence."""
    judgement = one.judged()
    assert judgement.kept is one.kept, (judgement, one.question.args)
    assert judgement.expected
    if judgement.kept is None:
        assert judgement.reason
    else:
        assert judgement.seen
    if one.seen:
        assert one.seen in (judgement.seen or judgement.reason)


def settings(values: Mapping[str, Any], object_key: str = "session_settings", **more: Any) -> Scene:
    """The scene of a join with those settings."""
    pairs = tuple(sorted(values.items()))
    if object_key != "session_settings":
        more["object"] = object_key
    return Scene.of("settings", values=pairs, **more)
