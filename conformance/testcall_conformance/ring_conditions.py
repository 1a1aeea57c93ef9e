"""How each state of a ringing call, and each condition that must make a call of the SDK fail, is brought about. Tables.

An arrangement gets an instance that can ring and returns arguments by parameter concept. What others do, the service does on
their behalf.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from testcall_conformance.dialect import Given
from testcall_conformance.results import Result
from testcall_conformance.stage import Actor, Stage

if TYPE_CHECKING:
    from testcall_simulator.ringing import RingStatus

NOBODY = "nobody-of-this-name"
METADATA = {"room": 7}
"""What a caller of ours says of a call."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A call that an instance made or took: its session, empty where the service saw none; and what the build delivered."""

    session: str
    value: Any


class NotArrangedError(Exception):
    """The state that a call needs did not come about, so that it isn't made: nothing can be told of it."""


class Ringer:
    """An instance of the build that rings and is rung."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.stage: Stage = actor.stage

    def call_to(self, receiver: str, receiver_type: str = "user", identity: str | None = None) -> Any:
        """The argument that rings ``receiver``; with ``identity`` the same object can be given again."""
        values = {"receiver": receiver, "call_type": "video", "receiver_type": receiver_type, "metadata": METADATA}
        made: dict[str, Any] = self.stage.dialect.settings("call", Given(values))
        return made if identity is None else {**made, "id": identity}

    async def outgoing(self, receiver: str = "bob") -> str:
        """The session of a call that the page has made; :class:`NotArrangedError` where the service saw none."""
        rung = await self.initiate(receiver)
        if not rung.session:
            raise NotArrangedError(f"no call to {receiver} came about")
        return rung.session

    async def initiate(self, receiver: str, label: str = "arrange", **extra: Any) -> Rung:
        """Ring a user."""
        return await self.initiated({"call": self.call_to(receiver)} | extra, label)

    async def initiate_group(self, members: list[str], label: str = "arrange") -> Rung:
        """Ring a group of these and of the own user."""
        return await self.initiated({"call": self.call_to(self.group(members), "group")}, label)

    async def initiated(self, arguments: Mapping[str, Any], label: str) -> Rung:
        """Ring, with these arguments."""
        after = self.stage.trace.last_seq
        result = await self.actor.call("initiate_call", label, **arguments)
        seen = self.stage.trace.select(
            name="call_status", after=after,
            where=lambda e: e.data.get("uid") == self.actor.user and e.data.get("status") == "initiated",
        )  # fmt: skip
        return Rung(str(seen[-1].data["session"]) if seen else "", result.value)

    async def accept(self, session: str, label: str = "arrange") -> Rung:
        """Accept."""
        return Rung(session, (await self.actor.call("accept_call", label, session_id=session)).value)

    async def reject(self, session: str, status: str, label: str = "arrange") -> Result:
        """Reject, be busy, or cancel."""
        return await self.actor.call("reject_call", label, session_id=session, call_status=status)

    async def end(self, session: str, label: str = "arrange") -> Result:
        """End."""
        return await self.actor.call("end_call", label, session_id=session)

    # --- what others do ---

    async def incoming(self, caller: str = "bob") -> str:
        """Somebody rings the instance's user."""
        return await self.between(caller, self.actor.user)

    async def between(self, caller: str, receiver: str, *then: tuple[str, RingStatus]) -> str:
        """A call of others, or of another device of the same user; ``then`` are statuses that follow: (uid, status)."""
        ring = await self.stage.simulator.ring(caller, receiver)
        for uid, status in then:
            await self.stage.simulator.set_ring(ring.session_id, uid, status)
        return str(ring.session_id)

    def group(self, members: list[str]) -> str:
        """The guid of a new group of these and of the own user."""
        guid = self.stage.new_session("group")
        self.stage.simulator.world.add_group(guid, [self.actor.user, *members])
        return guid

    async def group_call(self, caller: str, *then: tuple[str, RingStatus]) -> tuple[str, str]:
        """A group of alice, bob and carol that is rung by one of them: guid and session."""
        guid = self.group([uid for uid in ("alice", "bob", "carol") if uid != self.actor.user])
        ring = await self.stage.simulator.ring(caller, guid, receiver_type="group")
        for uid, status in then:
            await self.stage.simulator.set_ring(ring.session_id, uid, status)
        return guid, str(ring.session_id)


Arrange = Callable[[Ringer], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Arranged:
    """How a call's state comes about. Without ``arrange``: that of a call of the operation that succeeds.

    ``also``: further arguments by operation; ``world``: settings of the application at the service; ``faults``: what breaks.
    """

    arrange: Arrange | None = None
    logged_in: bool = True
    also: Callable[[Ringer, str], dict[str, Any]] | None = None
    world: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Mapping[str, Any], ...] = ()


async def _outgoing(one: Ringer) -> dict[str, Any]:
    return {"call": one.call_to("bob")}


async def _incoming(one: Ringer) -> dict[str, Any]:
    return {"session_id": await one.incoming(), "call_status": "rejected"}


async def _held(one: Ringer) -> dict[str, Any]:
    """A call that goes on, and is the page's active one."""
    session = await one.outgoing()
    await one.stage.simulator.set_ring(session, "bob", "ongoing")
    await one.stage.settle()
    return {"session_id": session}


async def _cleared(one: Ringer) -> dict[str, Any]:
    """A call that goes on, and that the page was told to forget."""
    await _held(one)
    await one.actor.call("clear_active_call", "arrange")
    return {}


async def _counted(one: Ringer) -> dict[str, Any]:
    """A session with two in it."""
    session = one.stage.new_session("count")
    for uid in ("carol", "dave"):
        await one.stage.simulator.join_peer(session, uid)
    return {"session_id": session, "call_kind": "direct"}


async def _nothing(_: Ringer) -> dict[str, Any]:
    return {}


async def _listener(one: Ringer) -> dict[str, Any]:
    contract = one.stage.contract
    return {
        "listener": one.stage.dialect.listener_value("call_listener", contract.listeners["call_listener"], "another")
    }


GOOD: dict[str, Arrange] = {
    "initiate_call": _outgoing,
    "accept_call": _incoming,
    "reject_call": _incoming,
    "end_call": _held,
    "get_active_call": _held,
    "clear_active_call": _held,
    "get_call_participant_count": _counted,
    "get_logged_in_user": _nothing,
    "add_call_listener": _listener,
    "remove_call_listener": _nothing,
}
"""Operation → the state in which it succeeds, and its arguments."""


def _to(receiver: str, receiver_type: str = "user") -> Arrange:
    async def arrange(one: Ringer) -> dict[str, Any]:
        return {"call": one.call_to(receiver, receiver_type)}

    return arrange


def _of(session: str) -> Arrange:
    async def arrange(_: Ringer) -> dict[str, Any]:
        return {"session_id": session, "call_status": "rejected"}

    return arrange


def _others(caller: str, receiver: str, *then: tuple[str, RingStatus], status: str = "rejected") -> Arrange:
    """The session of a call that others, or another device of alice, made."""

    async def arrange(one: Ringer) -> dict[str, Any]:
        return {"session_id": await one.between(caller, receiver, *then), "call_status": status}

    return arrange


def _group(caller: str, *then: tuple[str, RingStatus]) -> Arrange:
    async def arrange(one: Ringer) -> dict[str, Any]:
        return {"session_id": (await one.group_call(caller, *then))[1], "call_status": "busy"}

    return arrange


async def _to_busy_group(one: Ringer) -> dict[str, Any]:
    guid, _ = await one.group_call("bob", ("carol", "ongoing"))
    return {"call": one.call_to(guid, "group")}


def _while_others_talk(caller: str, receiver: str, to: str) -> Arrange:
    async def arrange(one: Ringer) -> dict[str, Any]:
        await one.between(caller, receiver, (receiver, "ongoing"))
        return {"call": one.call_to(to)}

    return arrange


async def _in_call(one: Ringer) -> dict[str, Any]:
    await one.outgoing()
    return {"call": one.call_to("carol"), "session_id": await one.incoming("carol")}


async def _not_started(one: Ringer) -> dict[str, Any]:
    return {"session_id": await one.outgoing()}


async def _used(one: Ringer) -> dict[str, Any]:
    """The object of a call that was made and cancelled."""
    identity = one.stage.new_session("used")
    rung = await one.initiated({"call": one.call_to("bob", identity=identity)}, "arrange")
    if not rung.session:
        raise NotArrangedError("no call came about")
    await one.reject(rung.session, "cancelled")
    return {"call": {"$": "ref", "id": identity, "class": "Call"}}


_LOST = ({"channel": "http", "does": "close", "times": None},)

VIOLATED: dict[str, Arranged] = {
    "calling_self": Arranged(_to("alice")),
    "caller_busy": Arranged(_while_others_talk("alice", "bob", "carol")),
    "receiver_busy": Arranged(_while_others_talk("bob", "carol", "bob"), world={"refuse_busy_receiver": True}),
    "group_busy": Arranged(_to_busy_group),
    "uid_unknown": Arranged(_to(NOBODY)),
    "group_unknown": Arranged(_to(NOBODY, "group")),
    "session_id_missing": Arranged(_of("")),
    "call_unknown": Arranged(_of("no-such-call")),
    "call_over": Arranged(_others("bob", "alice", ("alice", "ongoing"), ("bob", "ended"))),
    "call_joined_already": Arranged(_others("bob", "alice", ("alice", "ongoing"))),
    "group_call_joined_already": Arranged(_group("bob", ("alice", "ongoing"))),
    "call_of_others": Arranged(_others("bob", "carol")),
    "group_status_invalid": Arranged(_group("bob")),
    "ongoing_status_invalid": Arranged(_others("bob", "alice", ("alice", "ongoing"), status="busy")),
    "call_in_progress": Arranged(_in_call),
    "call_not_started": Arranged(_not_started),
    "not_logged_in": Arranged(_to("bob"), logged_in=False, also=lambda *_: {"session_id": "no-such-call"}),
    "network_failure": Arranged(faults=_LOST),
}
"""Condition → how it is brought about, for a call that must fail because of it."""


def _changed(arrange: Arrange, **arguments: Any) -> Arrange:
    async def changed(one: Ringer) -> dict[str, Any]:
        return await arrange(one) | arguments

    return changed


ARRANGED: dict[tuple[str, str, str], Arranged] = {
    ("initiate_call", "call", "empty"): Arranged(_to("")),
    ("initiate_call", "call", "used"): Arranged(_used),
    ("reject_call", "call_status", "garbage"): Arranged(_changed(_held, call_status="no-status")),
    ("end_call", "session_id", "garbage"): Arranged(_changed(_held, session_id="another-call")),
    ("get_call_participant_count", "call_kind", "garbage"): Arranged(_changed(_counted, call_kind="no-kind")),
    ("reject_call", "state", "no_active_call"): Arranged(_others("alice", "bob", status="cancelled")),
    ("end_call", "state", "no_active_call"): Arranged(_others("alice", "bob", ("bob", "ongoing"))),
    ("get_active_call", "state", "no_active_call"): Arranged(_nothing),
    ("get_active_call", "state", "cleared"): Arranged(_cleared),
}
"""Operation, parameter (``state`` for a state of the page) and class of bad value, or state → how it is brought about."""
