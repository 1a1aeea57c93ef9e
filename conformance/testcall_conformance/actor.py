"""An actor: one SDK instance of one user on one device, that calls concepts of the contract with good arguments.

An actor waits for what the *service* sees, never for what the build says of itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from testcall_conformance.dialect import OMIT, UNDEFINED, Given, container, function
from testcall_conformance.results import Result, at, read_result
from testcall_contract.models import Parameter, SettingsObject
from testcall_contract.trace import TraceEvent, TraceTimeoutError

if TYPE_CHECKING:
    from testcall_conformance.stage import Stage

USER = "alice"
"""The user as whom a build under test joins; ``bob``, ``carol`` and ``dave`` are the service's peers."""

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


JOIN_BY: dict[str, tuple[str, str]] = {
    "session_settings": ("join_session", "session_settings"),
    "presenter_settings": ("join_presentation", "presenter_settings"),
    "call_settings_v4": ("join_session_v4", "session_settings_v4"),
}
"""Settings object → the operation that joins with it, and its parameter."""


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
        self._waiting: list[Callable[[], Awaitable[Any]]] = []
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
            if _is_ref(found.value):
                self.session_object = found.value

    async def _lacks_session(self, concept: str) -> bool:
        """Whether the operation is one of the session's object, and the build has none yet."""
        on = self.stage.dialect.operation(concept).on
        if on is None or not on.startswith("$") or self.session_object is not None:
            return False
        await self._find_session()
        return self.session_object is None

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
            if spec.form == "builder" and on in (spec.name, f"${key}", f"${key}_builder"):
                return self._request(key, spec, overrides, built=on != f"${key}_builder")
        return on

    def _request(self, key: str, spec: SettingsObject, overrides: Mapping[str, Any], *, built: bool) -> dict[str, Any]:
        """A request for records, with what it needs to be answered; or its builder."""
        token = overrides.get("auth_token", self.good("auth_token"))
        given = {"log_auth_token": token} if _sets_token(spec) and token is not OMIT else {}
        session = overrides.get("session_id", self.session or "no-session")
        given |= {"transcript_session_id": session} if "transcript_session_id" in spec.members else {}
        made: dict[str, Any] = self.stage.dialect.settings(key, Given(given, built=built))
        return made

    def good(self, concept: str, *, optional: bool = False) -> Any:
        """A good value for a parameter concept; OMIT for what is optional or what there is no value of."""
        stage = self.stage
        world = stage.simulator.world
        if concept in ("app_settings",):
            return self.app_settings()
        objects = {parameter: key for key, (_, parameter) in JOIN_BY.items()}
        if concept in objects:
            return self.session_settings(objects[concept], {})
        if optional and concept not in ("auth_key",):
            return OMIT
        values: dict[str, Any] = {
            "app_id": world.app.app_id,
            "uid": self.user,
            "auth_key": world.auth_key,
            "auth_token": self._auth_token(),
            "session_id": self.session,
            "call_token": self.call_token,
            "settings_file": self.settings_file(),
            "mode_v4": self._first_layout("call_settings_v4"),
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

    def _first_layout(self, object_key: str = "session_settings") -> Any:
        spec = self.stage.contract.settings.get(object_key)
        layout = spec.members.get("layout") if spec is not None else None
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
        values: dict[str, Any] = {"app_id": info.app_id} if "app_id" in members else {}
        values |= {"region": info.region}
        hosts = {
            "calls_host": info.addresses.calls,
            "admin_host": info.addresses.api,
            "client_host": info.addresses.client,
        }
        values |= {key: host for key, host in hosts.items() if key in members}
        values |= changes or {}
        return stage.dialect.settings("app_settings", Given({k: v for k, v in values.items() if v is not OMIT}))

    def join_by(self, object_key: str) -> tuple[str, str]:
        """The operation that takes the settings object at a join, and its parameter; a part of the session's goes to the usual."""
        return JOIN_BY.get(object_key, JOIN_BY["session_settings"])

    def settings_file(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The settings of the application in the form of a file, but for ``changes`` (by setting concept; OMIT leaves one out)."""
        world, info = self.stage.simulator.world, self.stage.world_info()
        values = {"app_id": info.app_id, "region": info.region, "auth_key": world.auth_key}
        values |= {
            "calls_host": info.addresses.calls,
            "admin_host": info.addresses.api,
            "client_host": info.addresses.client,
        }
        values |= changes or {}
        names = {
            "app_id": ("appId",),
            "region": ("region",),
            "auth_key": ("credentials", "authKey"),
            "calls_host": ("callsSDK", "host"),
            "admin_host": ("callsSDK", "adminHost"),
            "client_host": ("callsSDK", "clientHost"),
        }
        made: dict[str, Any] = {}
        for key, value in values.items():
            *parents, name = names[key]
            place = made.setdefault(parents[0], {}) if parents else made
            if value is not OMIT:
                place[name] = value
        return made

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
        """Register listener ``key`` under ``label``, as soon as there is something to register with: if only after a join, then.

        One result per registration call; none when it has to wait for the join.
        """
        listener = self.stage.contract.listeners[key]
        assert listener.register_with is not None
        if await self._lacks_session(listener.register_with):
            self.listens |= set(only or self.stage.dialect.events_of(key))
            self._waiting.append(lambda: self.register_now(key, label, only, **does))
            return []
        return await self.register_now(key, label, only, **does)

    async def register_now(self, key: str, label: str, only: list[str] | None = None, **does: Any) -> list[Result]:
        """Register listener ``key`` under ``label`` now; one result per registration call."""
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
        if self._waiting and await self._lacks_session(listener.unregister_with):
            self._waiting.append(lambda: self.unregister(key, label))
            return
        same = {"$": "ref", "id": f"{self.id}-{key}-{label}", "class": listener.wrap}
        await self.call(listener.unregister_with, label, listener_id=label, listener=same)

    async def join(
        self,
        settings: Mapping[str, Any] | None = None,
        label: str = "join",
        *,
        object_key: str = "session_settings",
        **overrides: Any,
    ) -> Result:
        """Join with the call token made before. Returns when the call has settled; see :meth:`joined`."""
        concept, parameter = JOIN_BY[object_key]
        overrides.setdefault(parameter, self.session_settings(object_key, settings or {}))
        result = await self.call(concept, label, **overrides)
        if not self.stage.dialect.has("get_call_session") and _is_ref(result.value):
            self.session_object = result.value
        waiting, self._waiting = self._waiting, []
        for register in waiting:
            await register()
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


def _is_ref(value: Any) -> bool:
    """Whether a result is an object that the build handed out."""
    return isinstance(value, Mapping) and value.get("$") == "ref"


def token_in(value: Any) -> Any:
    """The call token in what generateToken delivered: the string itself, or the member ``token``."""
    if isinstance(value, str):
        return value
    found = at(value, "token")
    return found if found is not None else UNDEFINED
