"""The stage: one simulated service and one adapter, and actors (SDK instances) that call concepts of the contract.

Whatever happens here is written into the service's trace; nothing is judged. An actor waits for what the *service* sees,
never for what the build says of itself.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from testcall_conformance.adapters.base import Adapter
from testcall_conformance.dialect import OMIT, UNDEFINED, Call, Dialect, Given, container, function
from testcall_conformance.errors import AdapterFailure
from testcall_conformance.protocol import (
    Addresses,
    Callback,
    Description,
    Invoke,
    Late,
    Log,
    Notification,
    Uncaught,
    WorldInfo,
    WorldUser,
)
from testcall_conformance.results import Result, at, read_result
from testcall_conformance.timeouts import Timeouts
from testcall_contract.models import Parameter, SettingsObject
from testcall_contract.trace import TraceEvent, TraceTimeoutError

if TYPE_CHECKING:
    from testcall_simulator.simulator import Simulator

USER = "alice"
"""The user as whom a build under test joins; ``bob``, ``carol`` and ``dave`` are the service's peers."""

WORTH_WARMING_S = 0.2
"""An instance that takes longer to open is opened ahead, while the scene before it plays."""

WARM_INSTANCES = 3
"""Instances that an adapter must be able to hold for that: the one that plays, one that is kept, one that waits."""

_sessions = itertools.count(1)

PLAIN_GOOD: dict[str, Any] = {
    "participant_id": "bob",
    "participant_type": "human",
    "device_id": "default",
    "count": 3,
    "number": 1,
    "text": "Some text",
    "url": "https://app.localhost/background.png",
    "stream_url": "rtmp://127.0.0.1/live",
    "stream_key": "key",
}
"""Good values of parameters that need no state, by concept."""


class Stage:
    """A service and a build. ``plain``: the build reaches the service without TLS (everything but a browser does)."""

    def __init__(
        self,
        dialect: Dialect,
        simulator: Simulator,
        adapter: Adapter,
        description: Description,
        limits: Timeouts,
        *,
        plain: bool,
    ) -> None:
        self.dialect = dialect
        self.contract = dialect.contract
        self.simulator = simulator
        self.trace = simulator.trace
        self.adapter = adapter
        self.description = description
        self.limits = limits
        self.plain = plain
        self._instances = itertools.count(1)
        self._calls = itertools.count(1)
        self._spare: dict[str, Actor] = {}
        self._warm: asyncio.Task[Actor] | None = None
        adapter.on_message = self._on_message

    def new_session(self, scene: str) -> str:
        """A session id that no scene used before; lower case, as session ids are."""
        return f"{scene}-{next(_sessions)}".lower().replace("_", "-").replace(" ", "-")

    async def actor(self, user: str = USER, *, devices: str = "granted", clock: str = "real") -> Actor:
        """A fresh SDK instance for ``user``."""
        usual = (user, devices, clock) == (USER, "granted", "real")
        warm, self._warm = (self._warm, None) if usual else (None, self._warm)
        actor = await (warm if warm is not None else self._open(user, devices, clock))
        self.trace.add("step", actor.id, "open", user=user)
        if usual and actor.opened_in_s > WORTH_WARMING_S and self.description.capabilities.instances >= WARM_INSTANCES:
            self._warm = asyncio.ensure_future(self._open(USER))
        return actor

    async def _open(self, user: str, devices: str = "granted", clock: str = "real") -> Actor:
        loop = asyncio.get_running_loop()
        actor, started = Actor(self, f"{user}-{next(self._instances)}", user), loop.time()
        world = self.world_info().model_copy(update={"devices": devices, "clock": clock})
        await self.adapter.open(actor.id, world)
        actor.opened_in_s = loop.time() - started
        return actor

    async def close(self) -> None:
        """Open nothing more; the adapter ends what is open."""
        warm, self._warm = self._warm, None
        if warm is not None:
            warm.cancel()
            await asyncio.gather(warm, return_exceptions=True)

    async def until(self, predicate: Callable[[TraceEvent], bool], after: int, limit_s: float | None = None) -> bool:
        """Wait for an event that satisfies ``predicate``, as long as an event may take; whether it came."""
        limit = self.limits.event if limit_s is None else limit_s
        try:
            await self.trace.wait(predicate, what="an event", timeout_s=limit, after=after)
        except TraceTimeoutError:
            return False
        return True

    def keep(self, state: str, actor: Actor) -> None:
        """Keep an instance that is still in ``state``, for a later scene: a page costs a second, a refused call nothing."""
        self._spare[state] = actor

    def kept(self, state: str) -> Actor | None:
        """An instance that was kept in ``state``; whoever gets it owns it."""
        return self._spare.pop(state, None)

    def world_info(self) -> WorldInfo:
        """What an instance is told of the service; addresses without TLS where the stage is plain."""
        world, addresses = self.simulator.world, self.simulator.addresses
        bases = addresses.for_sdk(4 if self.contract.sdk.wire == "calls-v4" else 5)
        chosen = {
            name: bases[f"{name}_plain"] if self.plain else bases[name] for name in ("calls", "api", "client", "xmpp")
        }
        app = world.app
        return WorldInfo(
            app_id=app.app_id,
            region=app.region,
            auth_key=world.auth_key,
            addresses=Addresses(**{**bases, **chosen}),
            ca=str(addresses.ca_path),
            users=[WorldUser(uid=u.uid, name=u.name, auth_token=u.auth_token) for u in world.users.values()],
            seed=world.seed,
        )

    async def invoke(self, instance: str, concept: str, call: Call, label: str) -> dict[str, Any]:
        """Invoke and trace it; the dumped :class:`Ended`, or ``{"ended": "absent"}`` when the build has no such thing."""
        number = next(self._calls)
        self.trace.add(
            "step",
            instance,
            concept,
            label=label,
            call=number,
            on=call.on,
            operation=call.operation,
            arguments=call.arguments,
        )
        request = Invoke(
            instance=instance,
            on=call.on,
            operation=call.operation,
            signature=call.signature,
            arguments=call.arguments,
            timeout_ms=int(self.limits.invoke * 1000),
        )
        try:
            ended = (await self.adapter.invoke(request)).model_dump()
        except AdapterFailure as failure:
            if failure.kind != "missing":
                raise
            ended = {"ended": "absent", "missing": failure.detail}
        self.trace.add("outcome", instance, concept, label=label, call=number, **ended)
        return ended

    async def settle(self, limit_s: float | None = None) -> None:
        """Wait until nothing has happened for a moment, or the limit is over."""
        loop = asyncio.get_running_loop()
        until = loop.time() + (self.limits.settle if limit_s is None else limit_s)
        while loop.time() < until:
            seen = self.trace.last_seq
            try:
                await self.trace.wait(_moves, what="anything", timeout_s=self.limits.quiet, after=seen)
            except TraceTimeoutError:
                return

    def _on_message(self, message: Notification) -> None:
        if isinstance(message, Callback):
            label, _, event = message.function.partition(":")
            self.trace.add(
                "callback", message.instance, event or message.function, label=label, arguments=message.arguments,
                name=message.name, at_ms=message.at_ms,
            )  # fmt: skip
        elif isinstance(message, Late):
            self.trace.add("outcome", message.instance, "late", **message.model_dump(exclude={"instance"}))
        elif isinstance(message, Uncaught):
            self.trace.add("outcome", message.instance, "uncaught", **message.model_dump(exclude={"instance"}))
        elif isinstance(message, Log):
            self.trace.add("log", message.instance or "adapter", message.level, text=message.text, **message.data)


def _moves(event: TraceEvent) -> bool:
    """Whether an event shows that something is still under way: pings, statistics and log lines don't."""
    if event.kind in {"log", "media"}:
        return False
    if event.data.get("channel") == "datachannel":
        return False
    return not (event.data.get("channel") == "xmpp" and event.name in ("r", "a", "iq", "ping"))


class Actor:
    """One SDK instance, of one user, on one device. Calls go by concept; what was learnt (tokens) is used by later calls."""

    def __init__(self, stage: Stage, instance: str, user: str) -> None:
        self.stage = stage
        self.id = instance
        self.user = user
        self.session = ""
        self.call_token: Any = None
        self.token_object: Any = None
        self.session_object: Any = None
        self.open = True
        self.opened_in_s = 0.0
        self.listens: set[str] = set()
        """The events for which somebody was registered, by an operation or with settings."""

    async def call(
        self, concept: str, /, label: str = "", *, on: str | dict[str, Any] | None = None, **overrides: Any
    ) -> Result:
        """Call the operation of ``concept`` with good arguments, ``overrides`` (by parameter concept) instead of some."""
        dialect = self.stage.dialect
        operation = dialect.operation(concept)
        values = {p.concept: self.good(p.concept, optional=p.optional) for p in operation.parameters} | overrides
        values |= {p.concept: self._token_for(p, values) for p in operation.parameters if p.concept == "call_token"}
        if operation.on and operation.on.startswith("$") and self.session_object is None and on is None:
            await self._find_session()
        call = dialect.call(concept, values, on if on is not None else self._target(operation.on, overrides))
        ended = await self.stage.invoke(self.id, concept, call, label)
        if ended["ended"] == "absent":
            return Result(False, "absent", None, None, None, None)
        return read_result(dialect.contract, operation, ended)

    async def _find_session(self) -> None:
        """Ask for the session's object, where the dialect has a call for it and no join handed it out."""
        if self.stage.dialect.has("get_call_session"):
            found = await self.call("get_call_session", "arrange")
            if isinstance(found.value, Mapping) and found.value.get("$") == "ref":
                self.session_object = found.value

    def _token_for(self, parameter: Parameter, values: Mapping[str, Any]) -> Any:
        """The call token as the parameter takes it: as text, or as the object of a type of the contract around it."""
        value = values[parameter.concept]
        key = parameter.type.get("type") if isinstance(parameter.type, Mapping) else None
        if key is None or not isinstance(value, str):
            return value
        if not value:
            return None
        if self.token_object is not None and token_in(self.token_object) == value:
            return self.token_object
        return {"$": "new", "class": self.stage.contract.types[key].name, "arguments": {"token": value}}

    def _target(self, on: str | None, overrides: Mapping[str, Any]) -> str | dict[str, Any] | None:
        """The object of an instance method: the session's, once the build has handed one out; or one that a builder makes."""
        if on and on.startswith("$") and self.session_object is not None:
            return dict(self.session_object)
        for key, spec in self.stage.contract.settings.items():
            if spec.form == "builder" and spec.name == on:
                token = overrides.get("auth_token", self.good("auth_token"))
                given = {"log_auth_token": token} if _sets_token(spec) and token is not OMIT else {}
                session = overrides.get("session_id", self.session or "no-session")
                given |= {"transcript_session_id": session} if "transcript_session_id" in spec.members else {}
                built: dict[str, Any] = self.stage.dialect.settings(key, Given(given))
                return built
        return on

    def good(self, concept: str, *, optional: bool = False) -> Any:
        """A good value for a parameter concept; OMIT for what is optional or what there is no value of."""
        stage = self.stage
        world = stage.simulator.world
        if concept in ("app_settings",):
            return self.app_settings()
        if concept in ("session_settings", "presenter_settings"):
            return self.session_settings(concept, {})
        if optional and concept not in ("auth_key",):
            return OMIT
        values: dict[str, Any] = {
            "uid": self.user,
            "auth_key": world.auth_key,
            "auth_token": self._auth_token(),
            "session_id": self.session,
            "call_token": self.call_token,
            "container": container(f"{self.id}-container"),
            "listener_id": "listener-1",
            "listener": {},
            "callback": function("callback:any"),
            "muted": True,
            "paused": True,
            "layout": self._first_layout(),
            "event_name": self._first_event(),
        }
        return values.get(concept, PLAIN_GOOD.get(concept, OMIT))

    def _first_layout(self) -> Any:
        layout = self.stage.contract.settings["session_settings"].members.get("layout")
        return layout.values[0] if layout and layout.values else OMIT

    def _first_event(self) -> Any:
        """The name of an event that is registered for by its name."""
        contract = self.stage.contract
        single = {key for key, listener in contract.listeners.items() if listener.form == "function"}
        return next((event.name for event in contract.events.values() if single.intersection(event.via)), OMIT)

    def _auth_token(self) -> str:
        return str(self.stage.simulator.world.user(self.user).auth_token)

    def app_settings(self, changes: Mapping[str, Any] | None = None, raw: Any = None) -> Any:
        """The settings of the application, as they should be but for ``changes`` (by setting concept; OMIT leaves one out)."""
        stage = self.stage
        if raw is not None:
            return raw
        info = stage.world_info()
        members = stage.contract.settings["app_settings"].members
        values: dict[str, Any] = {"app_id": info.app_id, "region": info.region}
        hosts = {
            "calls_host": info.addresses.calls,
            "admin_host": info.addresses.api,
            "client_host": info.addresses.client,
        }
        values |= {key: host for key, host in hosts.items() if key in members}
        values |= changes or {}
        return stage.dialect.settings("app_settings", Given({k: v for k, v in values.items() if v is not OMIT}))

    def session_settings(self, object_key: str, values: Mapping[str, Any], *, listen: bool = True) -> Any:
        """Session settings with just ``values`` set, and with the listener that settings carry where the dialect has one."""
        contract = self.stage.contract
        given = dict(values)
        if listen:
            for key, listener in contract.listeners.items():
                if listener.setting and listener.setting.partition(".")[0] == object_key:
                    member = listener.setting.partition(".")[2]
                    given.setdefault(member, self.stage.dialect.listener_value(key, listener, f"settings.{key}"))
                    self.listens |= set(self.stage.dialect.events_of(key))
        return self.stage.dialect.settings(object_key, Given({k: v for k, v in given.items() if v is not OMIT}))

    async def initialize(self) -> Result:
        """Initialise the SDK for the service's application."""
        return await self.call("initialize", "arrange")

    async def log_in(self) -> Result | None:
        """Log in, where the dialect has a login."""
        return await self.call("login", "arrange") if self.stage.dialect.has("login") else None

    async def make_token(self, session: str) -> Result:
        """Make a call token for ``session`` and keep it for the join."""
        self.session = session
        values = {} if self.stage.dialect.has("login") else {"auth_token": self._auth_token()}
        result = await self.call("generate_token", "arrange", **values)
        if result.ok:
            self.token_object = result.value
            self.call_token = token_in(result.value)
        return result

    async def listen(self, label: str = "main", *, login: bool = False) -> None:
        """Register for every event that can be registered for by an operation; functions are called ``label:event``."""
        for key, listener in self.stage.contract.listeners.items():
            if listener.register_with is None or (key == "login_listener") != login:
                continue
            await self.register(key, label)

    async def register(self, key: str, label: str, only: list[str] | None = None, **does: Any) -> list[Result]:
        """Register listener ``key`` under ``label``; one result per registration call."""
        dialect = self.stage.dialect
        listener = self.stage.contract.listeners[key]
        assert listener.register_with is not None
        self.listens |= set(only or dialect.events_of(key))
        if listener.form == "object":
            value = dialect.listener_value(key, listener, label, only, **does)
            if listener.wrap:
                value["id"] = f"{self.id}-{key}-{label}"
            return [await self.call(listener.register_with, label, listener_id=label, listener=value)]
        results = []
        for concept in only or dialect.events_of(key):
            event = self.stage.contract.events[concept]
            callback = function(f"{label}:{concept}", does.get(concept))
            results.append(await self.call(listener.register_with, label, event_name=event.name, callback=callback))
        return results

    async def unregister(self, key: str, label: str) -> None:
        """End the registration of listener ``key`` under ``label``: by its id, or by the object that was registered."""
        listener = self.stage.contract.listeners[key]
        assert listener.unregister_with is not None
        same = {"$": "ref", "id": f"{self.id}-{key}-{label}", "class": listener.wrap}
        await self.call(listener.unregister_with, label, listener_id=label, listener=same)

    async def join(self, settings: Mapping[str, Any] | None = None, label: str = "join", **overrides: Any) -> Result:
        """Join with the call token made before. Returns when the call has settled; see :meth:`joined`."""
        if "session_settings" not in overrides:
            overrides["session_settings"] = self.session_settings("session_settings", settings or {})
        result = await self.call("join_session", label, **overrides)
        if isinstance(result.value, Mapping) and result.value.get("$") == "ref":
            self.session_object = result.value
        return result

    async def joined(self, after: int = 0, timeout_s: float | None = None, *, heed_errors: bool = False) -> bool:
        """Whether the service sees the participant in the session, within the limit.

        ``heed_errors``: an error event or an uncaught error of the build ends the waiting: it won't join any more.
        """

        def decides(event: TraceEvent) -> bool:
            if event.name == "occupant_joined":
                return event.data.get("uid") == self.user and event.data.get("session") == self.session
            told = (event.kind == "callback" and event.name == "error") or event.name == "uncaught"
            return heed_errors and told and event.actor == self.id

        limit = self.stage.limits.join if timeout_s is None else timeout_s
        what = f"{self.user} in the session"
        try:
            event = await self.stage.trace.wait(decides, what=what, timeout_s=limit, after=after)
        except TraceTimeoutError:
            return False
        return event.name == "occupant_joined"

    async def left(self, after: int) -> bool:
        """Whether the service sees the participant leave, within the limit."""
        try:
            await self.stage.trace.wait(
                lambda e: e.name == "occupant_left" and e.data.get("uid") == self.user and e.data.get("session") == self.session,
                what=f"{self.user} gone",
                timeout_s=self.stage.limits.leave,
                after=after,
            )  # fmt: skip
        except TraceTimeoutError:
            return False
        return True

    async def close(self) -> None:
        """End the instance."""
        if self.open:
            self.open = False
            await self.stage.adapter.close(self.id)


def _sets_token(spec: SettingsObject) -> bool:
    """Whether a request carries an auth token of its own, and not only by a deprecated setting."""
    setting = spec.members.get("log_auth_token")
    return setting is not None and not setting.deprecated


def token_in(value: Any) -> Any:
    """The call token in what generateToken delivered: the string itself, or the member ``token``."""
    if isinstance(value, str):
        return value
    found = at(value, "token")
    return found if found is not None else UNDEFINED
