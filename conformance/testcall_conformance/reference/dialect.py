"""One instance of the reference SDK with the surface of a dialect: a call in, what it came to out.

The contract says which operation a name means and in which order it is refused (:mod:`refusals`), how its result is delivered
(:mod:`delivering`) and who is told what (:mod:`listeners`). What operations *do* stands in :mod:`operations`, by concept.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from testcall_conformance.errors import AdapterFailure
from testcall_conformance.protocol import Callback, Ended, ErrorValue, Invoke, Late, Notification, Uncaught, WorldInfo
from testcall_conformance.reference import facts, interface
from testcall_conformance.reference.client.client import CallClient
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.model import Event, WireName
from testcall_conformance.reference.delivering import Delivering, Failing
from testcall_conformance.reference.listeners import Registry
from testcall_conformance.reference.objects import Abort, Heap, ListenerObject, Settings, missing, plain_settings
from testcall_conformance.reference.records import read_record
from testcall_conformance.reference.refusals import ALSO, Refusal, Situation, clauses_of, conditions_of, refused
from testcall_conformance.reference.shaping import Facts
from testcall_conformance.reference.surface import (
    OBJECT,
    bind,
    concept_of,
    constant,
    documented_path,
    find_method,
    find_operation,
    object_kinds,
    takes_token_object,
    token_text,
)
from testcall_conformance.values import UNDEFINED, Function, decode, encode
from testcall_contract import models as contract_models
from testcall_contract.models import Contract, Operation

logger = logging.getLogger(__name__)

_SETTINGS: Mapping[str, frozenset[str]] = {
    "app_settings": frozenset({"app_settings", "app_settings_v4"}),
    "session_settings": frozenset({"session_settings", "call_settings_v4", "session_settings_v4"}),
    "presenter_settings": frozenset({"presenter_settings", "presenter_settings_v4"}),
}
"""Parameter concept → the settings objects that may stand there: a later major takes those of the earlier one too."""

_CARRIED = {"auth_token": "log_auth_token", "session_id": "transcript_session_id"}
"""Parameter concept → the setting of a request that carries it, where the request's operations have no such parameter."""

_FURTHER: Mapping[str, Mapping[str, str]] = {
    "user_muted": {"unmute_audio": "user_unmuted", "remote_unmute_audio": "user_unmuted"},
    "participant_audio_muted": {"muted_by_moderator": "user_muted"},
    "screen_share_started": {"remote_screen_share_start": "participant_screen_share_started"},
    "screen_share_stopped": {"remote_screen_share_stop": "participant_screen_share_stopped"},
}
"""Event concept → causes that some documents add to it, each with the client's event for that cause."""


class DialectSdk:
    """An SDK of one dialect for one user. ``send`` gets callbacks, late settlements and uncaught errors."""

    def __init__(
        self,
        delivering: Delivering,
        name: str,
        world: WorldInfo,
        send: Callable[[Notification], None],
        *,
        media: bool = True,
        version: str = "0",
    ) -> None:
        self.contract = contract = delivering.contract
        self.name = name
        self.world = world
        self.media = media
        self.version = version
        self.client = CallClient(wire_of(contract), virtual_clock=world.clock == "virtual")
        self.client.on_event = self.tell
        self.heap = Heap(contract)
        self.registry = Registry()
        self.app_settings: Settings | None = None
        self.session_values: dict[str, Any] = {}
        self.container = ""
        self.panels: set[str] = set()
        self.devices: dict[str, str] = {}
        self._held: list[Event] | None = None
        self._delivering = delivering
        self._send = send
        self._started = asyncio.get_running_loop().time()
        self._callbacks = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def at_ms(self) -> float:
        """Milliseconds since the instance was opened."""
        return (asyncio.get_running_loop().time() - self._started) * 1000

    async def invoke(self, call: Invoke) -> Ended:
        """Carry out one invocation. ``never`` when it has not settled in time; then a ``late`` follows."""
        task: asyncio.Task[Ended] = self.background(self._invoke(call))
        done, _ = await asyncio.wait({task}, timeout=call.timeout_ms / 1000)
        if done:
            return task.result()
        task.add_done_callback(lambda settled: self._late(call.id, settled))
        return Ended(ended="never", at_ms=self.at_ms)

    def background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Let ``work`` go on after the call that began it has returned; it ends with the instance."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Leave and release everything."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.client.close()

    def control_visible(self, key: str) -> bool:
        """Whether a person would see the control."""
        seen = self._seen()
        return seen is not None and interface.visible(self.contract, key, seen)

    def class_visible(self, name: str) -> bool | None:
        """Whether a person would see an element of a documented class (``css=.NAME``); None for what is none."""
        seen = self._seen()
        return interface.class_visible(self.contract, name, seen) if seen is not None else None

    def _seen(self) -> interface.Seen | None:
        session = self.client.session
        if session is None or session.over:
            return None
        return interface.Seen(
            values=self.session_values,
            audio_only=session.audio_only,
            recording=session.recording,
            transcribing=session.me.transcribing,
            prompted=session.prompted,
            others=len(session.participants) - 1,
            audio_muted=session.me.audio_muted,
            video_paused=session.me.video_paused,
            open_panels=frozenset(self.panels),
        )

    # --- calls -------------------------------------------------------------------------------------------------------

    async def _invoke(self, call: Invoke) -> Ended:
        on = call.on
        target = self.heap.realise(decode(on)) if isinstance(on, dict) else self.heap.find(on) or on
        arguments = self.heap.realise(decode(call.arguments))
        if isinstance(on, dict) and isinstance(target, Settings) and (unbuilt := self._not_built(target)) is not None:
            return unbuilt
        if isinstance(target, Abort):
            return self._abort(target, call.operation)
        if callable(target) and call.operation == "()":
            return self._delivering.returned(target(), self.at_ms)
        if isinstance(target, str) and target.startswith(OBJECT):
            raise missing(f"{target}.{call.operation}: no such object was made yet")
        if not isinstance(target, str):
            return await self._method(target, call, arguments)
        concept = find_operation(self.contract, target, call.operation, call.signature)
        if any(target == spec.name for spec in self.contract.settings.values()) and concept is not None:
            raise missing(f"{target}.{call.operation}: no such object was made yet")
        if concept is not None and (call.signature != "get" or self.contract.operations[concept].signature == "get"):
            return await self._operate(concept, call, arguments)
        if call.signature == "get":
            return self._read(f"{target}.{call.operation}")
        raise missing(f"{target}.{call.operation}")

    def _not_built(self, target: Settings) -> Ended | None:
        """How building ends that is refused, for builders whose build is an operation of the dialect; None when it is not."""
        spec = self.contract.settings[target.key]
        concept = find_method(self.contract, [f"{OBJECT}{target.key}_builder"], spec.build) if target.built else None
        if concept is None:
            return None
        operation = self.contract.operations[concept]
        given = {key: target.values[name] for key, name in _CARRIED.items() if name in target.values}
        found = refused(operation, self.situation(operation, given))
        if found is None:
            return None
        failing = Failing(concept, [found.condition, "unknown_error"], found.message, found.code)
        return self._delivering.failure(operation, failing, self.at_ms)

    def _read(self, path: str) -> Ended:
        """A property: a constant of the contract, or something that a document says is there."""
        path = path.removeprefix("window.")
        value = constant(self.contract, path)
        if value is UNDEFINED and documented_path(self.contract, path):
            value = self.heap.keep(path, path.rpartition(".")[2])
        if value is UNDEFINED:
            raise missing(path)
        return self._delivering.returned(value, self.at_ms)

    async def _method(self, target: Any, call: Invoke, arguments: Any) -> Ended:
        """A method of an object: an operation of its kind, a setter or getter of settings, a getter of a record."""
        kinds = object_kinds(self.contract)
        if isinstance(target, Settings):
            spec = self.contract.settings[target.key]
            kinds = [f"{OBJECT}{target.key}", spec.name] if target.built else [f"{OBJECT}{target.key}_builder"]
        concept = find_method(self.contract, kinds, call.operation, call.signature)
        if concept is not None:
            return await self._operate(concept, call, arguments, target)
        if isinstance(target, Settings):
            value = self.heap.call(target, call.operation, arguments)
            kept = self.heap.keep(value, value.cls) if isinstance(value, (Settings, ListenerObject)) else value
            return self._delivering.returned(kept, self.at_ms)
        if isinstance(target, Mapping) and call.operation.startswith("get"):
            return self._delivering.returned(
                self._with_identity(call.operation, read_record(target, call.operation[3:])), self.at_ms
            )
        raise missing(f"{getattr(target, 'cls', type(target).__name__)}.{call.operation}")

    def _with_identity(self, getter: str, value: Any) -> Any:
        """What a record's getter gives: parts of it as things with getters of their own, where the contract promises such."""
        shapes = [
            clause.args["shape"]
            for item in self.contract.types.values()
            for clause in item.clauses
            if clause.rule == "type.getter" and clause.args.get("getter") == getter
        ]
        if isinstance(value, Mapping) and {"ref": "any"} in shapes:
            return self.heap.keep(value, getter.removeprefix("get"))
        if isinstance(value, list) and any(shape in ("list", {"list": {"ref": "any"}}) for shape in shapes):
            return [
                self.heap.keep(item, getter.removeprefix("get")) if isinstance(item, Mapping) else item
                for item in value
            ]
        return value

    def _abort(self, controller: Abort, member: str) -> Ended:
        """The platform's abort controller: its signal, and the abort."""
        if member == "signal":
            return self._delivering.returned(self.heap.keep(controller, "AbortSignal"), self.at_ms)
        if member != "abort":
            raise missing(f"AbortController.{member}")
        controller.abort()
        return self._delivering.returned(None, self.at_ms)

    async def _operate(self, concept: str, call: Invoke, arguments: Any, target: Any = None) -> Ended:
        operation = self.contract.operations[concept]
        bound = bind(operation, arguments, call.signature)
        bound = {concept_of(key): self._argument(key, value) for key, value in bound.items()}
        if takes_token_object(operation):
            bound["call_token"] = token_text(bound.get("call_token"))
        if isinstance(target, Settings):
            bound |= {key: target.values[name] for key, name in _CARRIED.items() if name in target.values}
        meant = concept_of(concept)
        try:
            found = refused(operation, self.situation(operation, bound))
            if found is not None:
                raise found
            action = self.action(meant)
            result = action(self, bound, target) if action is not None else None
            value = await result if inspect.isawaitable(result) else result
        except CallFailure as failure:
            failing = self.failing(meant, failure)
        except Refusal as refusal:
            conditions = [refusal.condition, *ALSO.get(refusal.condition, ()), "unknown_error"]
            failing = Failing(meant, conditions, refusal.message, refusal.code)
        else:
            return self._delivering.success(operation, value, self.at_ms)
        self.tell(Event("error", {"error": self._delivering.error(failing)}))
        return self._delivering.failure(operation, failing, self.at_ms)

    def _argument(self, concept: str, value: Any) -> Any:
        """Settings that are plain objects in this dialect become settings; builders and other objects are none."""
        meant = concept_of(concept)
        if meant not in _SETTINGS:
            return value
        spec = self.contract.settings.get(meant)
        if spec is not None and spec.form == "object" and isinstance(value, Mapping) and concept == meant:
            return plain_settings(meant, spec, value)
        return value if isinstance(value, Settings) and value.built and value.key in _SETTINGS[meant] else None

    def action(self, concept: str) -> Any:
        """What an operation does; None for one that leaves no trace."""
        from testcall_conformance.reference.operations import action_of

        return action_of(self.contract, concept)

    def failing(self, concept: str, failure: CallFailure) -> Failing:
        """A failure of the client, in an operation."""
        return Failing(concept, conditions_of(concept, failure), failure.message, failure=failure)

    def situation(self, operation: Operation, arguments: Mapping[str, Any]) -> Situation:
        """What a precondition may look at."""
        given = self.app_settings.values if self.app_settings is not None else {}
        return Situation(
            contract=self.contract,
            initialized=self.client.state != "not_initialized",
            logged_in=self.client.user is not None,
            logging_in=self.client.logging_in,
            in_session=self.client.in_session,
            devices_granted=self.world.devices in {"granted", "no_screen"},
            auth_key=given.get("auth_key", UNDEFINED),
            arguments=arguments,
            requires=tuple(operation.requires),
        )

    def _late(self, ident: str, task: asyncio.Task[Ended]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._send_late(ident, task.result())

    def _send_late(self, ident: str, ended: Ended) -> None:
        about = ended.model_dump(include={"ended", "value", "error"})
        self._send(Late(instance=self.name, invoke=ident, at_ms=self.at_ms, **about))

    # --- events ------------------------------------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Tell an event of the client to whoever listens, in the dialect's words; an event that it doesn't have is dropped."""
        if self._held is not None:
            self._held.append(event)
            return
        arguments = [self._failure(event)] if "failure" in event.data else facts.event(event)
        for concept, told in self.contract.events.items():
            if not self._means(concept, told, event):
                continue
            shaped = self._delivering.payload(told, arguments)
            for listener in told.via:
                for function in list(self.registry.functions(listener, told.name)):
                    self._call_back(function, told.name, shaped)

    def hold(self) -> None:
        """Keep the events back from now on."""
        self._held = []

    async def release(self, after_s: float) -> None:
        """Tell what was held, after a while in which the application may register."""
        await asyncio.sleep(after_s)
        held, self._held = self._held or [], None
        for event in held:
            self.tell(event)

    def _means(self, concept: str, told: contract_models.Event, event: Event) -> bool:
        """Whether an event of the contract is to be told: it is the client's, or a clause names this cause for it too."""
        if concept_of(concept) == event.name:
            return True
        wanted = [cause for cause, name in _FURTHER.get(concept_of(concept), {}).items() if name == event.name]
        if "muted_by_moderator" in wanted and not event.data.get("ordered"):
            return False
        return any(
            clause.args.get("cause") in wanted and clause.args.get("times") != 0
            for clause in clauses_of(told, "event.fires")
        )

    def _failure(self, event: Event) -> Facts:
        failure: CallFailure = event.data["failure"]
        concept = {"login_failed": "login", "logout_failed": "logout"}.get(event.name, "join_session")
        return self._delivering.error(
            Failing(concept, conditions_of(concept, failure), failure.message, failure=failure)
        )

    def _call_back(self, function: Function, name: str, arguments: list[Any]) -> None:
        self._callbacks += 1
        self._send(
            Callback(
                instance=self.name,
                function=function.id,
                name=name,
                arguments=[encode(item) for item in arguments],
                seq=self._callbacks,
                at_ms=self.at_ms,
            )
        )
        if function.does == "throws":
            thrown = ErrorValue(type="Error", is_error=True, own={"message": f"thrown by {function.id}"})
            self._send(Uncaught(instance=self.name, error=thrown, at_ms=self.at_ms, origin=name))
        elif function.does:
            self.background(self._perform(function.id, [step for step in function.does if isinstance(step, Mapping)]))

    async def _perform(self, ident: str, steps: list[Mapping[str, Any]]) -> None:
        """What a callback does: invocations, whose outcomes are told as late settlements."""
        for number, step in enumerate(steps, 1):
            call = Invoke(
                instance=self.name,
                on=step["on"] if isinstance(step["on"], str) else encode(step["on"]),
                operation=step["operation"],
                arguments=encode(step.get("arguments", [])),
            )
            try:
                self._send_late(f"{ident}/{number}", await self._invoke(call))
            except AdapterFailure as failure:
                logger.info("%s: a callback asked for something that is not there: %s", self.name, failure)


def wire_of(contract: Contract) -> WireName:
    """The wire that a dialect speaks: as the contract says, else that of its major."""
    return "v4" if contract.sdk.wire == "calls-v4" or (contract.sdk.wire == "none" and contract.sdk.major < 5) else "v5"
