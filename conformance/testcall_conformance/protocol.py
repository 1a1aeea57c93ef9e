"""Every message between runner and adapter, as models; the JSON Schema of the protocol is made from them.

JSON-RPC 2.0, one message a line, UTF-8. ``docs/adapter-protocol.md`` is the guide for who writes an adapter. This module
holds shapes only: who sends what when is in :mod:`testcall_conformance.adapters`. Values inside ``arguments``, ``value``
and ``own`` are tagged as :mod:`testcall_conformance.values` says.

Incoming models ignore fields that they do not know, so that an adapter may send more than it is asked for; what is missing
or of a wrong type is refused.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

PROTOCOL = 1
"""Version of this protocol; an adapter says in ``describe`` which one it speaks."""

MISSING = -32001
"""JSON-RPC error code: the build has no such class, operation or setter; ``data.missing`` names it."""
UNKNOWN_INSTANCE = -32002
"""JSON-RPC error code: ``instance`` was never opened, or is closed."""
UNSUPPORTED = -32003
"""JSON-RPC error code: the adapter cannot do this (a capability or a tagged value that it does not have)."""

CapabilityName = Literal["instances", "clock", "observe", "ui", "echo"]
EndedKind = Literal["returned", "resolved", "rejected", "threw", "success_callback", "error_callback", "never"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_invocations = itertools.count(1)


class Message(BaseModel):
    """A message or a part of one; immutable."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


# --- runner to adapter -----------------------------------------------------------------------------------------------


class Addresses(Message):
    """Where the service is, in the form that the SDK's host settings take (for v4: scheme, path, trailing slash)."""

    calls: str
    api: str
    client: str
    xmpp: str
    calls_plain: str = ""
    api_plain: str = ""
    client_plain: str = ""
    xmpp_plain: str = ""


class WorldUser(Message):
    """A user who exists at the service, with a token that logs in as them."""

    uid: str
    name: str
    auth_token: str = ""


class WorldInfo(Message):
    """What an instance has to know of the service. ``ca`` is the path of a PEM file.

    ``clock`` is ``virtual`` where the timers of the SDK's side are to stand under ``advance``; only adapters that declare
    the capability ``clock`` are asked for it.
    """

    app_id: str
    region: str = "us"
    auth_key: str = ""
    addresses: Addresses
    ca: str = ""
    users: list[WorldUser] = Field(default_factory=list)
    seed: int = 0
    devices: Literal["granted", "denied", "none", "no_screen"] = "granted"
    clock: Literal["real", "virtual"] = "real"


class Describe(Message):
    """Params of ``describe``: the first request of all."""

    protocol: int = PROTOCOL


class Open(Message):
    """Params of ``open``: make a fresh SDK (one user's device) called ``instance``."""

    instance: str
    world: WorldInfo


class Invoke(Message):
    """Params of ``invoke``: one call of the SDK. The reply is :class:`Ended`.

    ``on`` is a class (``CometChatCalls``), the id of an object that was returned or named before, or a tagged value that
    makes one. ``operation`` is the dialect's own name; ``()`` calls ``on`` itself (a returned function). ``signature``
    picks an overload; the reserved signature ``get`` reads a property. ``id`` names the invocation in a ``late``.
    """

    instance: str
    on: str | dict[str, Any]
    operation: str
    signature: str | None = None
    arguments: list[Any] | dict[str, Any] = Field(default_factory=list)
    timeout_ms: int = 10_000
    id: str = Field(default_factory=lambda: f"i{next(_invocations)}")


class Close(Message):
    """Params of ``close``: end the instance and free all that it holds."""

    instance: str


class Stop(Message):
    """Params of ``stop``: the last request; the adapter replies and ends."""


class Advance(Message):
    """Params of ``advance`` (capability ``clock``): move the timers of the SDK's side by ``ms``."""

    instance: str
    ms: float


class Observe(Message):
    """Params of ``observe`` (capability ``observe``). The reply is :class:`Observation`."""

    instance: str


class Control(Message):
    """Params of ``look`` and ``press`` (capability ``ui``): a control by ARIA role and accessible name."""

    instance: str
    role: str
    name: str


class Echo(Message):
    """Params of ``echo`` (capability ``echo``): realise ``value`` and send it back; only ``smoke`` asks."""

    instance: str
    value: Any


# --- adapter to runner: replies --------------------------------------------------------------------------------------


class SdkInfo(Message):
    """Which build the adapter drives."""

    name: str
    version: str


class Capabilities(Message):
    """What the adapter can do beyond invoking. Absent means no."""

    instances: int = 1
    clock: bool = False
    observe: bool = False
    ui: bool = False
    echo: bool = False

    def has(self, name: CapabilityName) -> bool:
        """Whether the adapter has the capability; ``instances`` means more than one."""
        return self.instances > 1 if name == "instances" else bool(getattr(self, name))


class Description(Message):
    """Reply to ``describe``. ``operations`` are ``Class.operation`` or bare names; ``events`` are names, null: any."""

    protocol: int
    adapter: str
    sdk: SdkInfo
    contract: str
    operations: list[str]
    events: list[str] | None = None
    capabilities: Capabilities = Field(default_factory=Capabilities)

    def offers(self, on: str, operation: str) -> bool:
        """Whether the adapter declares ``operation`` of class ``on``."""
        return f"{on}.{operation}" in self.operations or operation in self.operations


class ErrorValue(Message):
    """What was thrown, rejected or handed to an error callback.

    ``type`` is the class's name as the language gives it (may be empty or minified), ``own`` every own property verbatim
    (the stack excepted), ``value`` the thing itself where it is no object.
    """

    type: str
    is_error: bool
    own: dict[str, Any] = Field(default_factory=dict)
    value: Any = None


class Ended(Message):
    """Reply to ``invoke``: how the call ended. ``at_ms`` counts from the instance's ``open``.

    ``during`` is ``arguments`` where the SDK's own code threw while an argument was built (a setter, ``build()``).
    """

    ended: EndedKind
    value: Any = None
    error: ErrorValue | None = None
    at_ms: float
    during: Literal["operation", "arguments"] = "operation"


class ControlState(Message):
    """Reply to ``look``; ``count`` says how many controls matched (0: not there)."""

    visible: bool
    enabled: bool = False
    text: str = ""
    count: int = 0


class RemoteTrack(Message):
    """One incoming track: ``frames`` decoded so far (video), ``energy`` as in WebRTC's totalAudioEnergy, ``level`` 0 to 1."""

    id: str
    kind: Literal["audio", "video"]
    frames: int = 0
    width: int = 0
    height: int = 0
    energy: float = 0.0
    level: float = 0.0
    packets: int = 0
    connection: int = 0


class Observation(Message):
    """Reply to ``observe``: what the instance receives, and what it holds (for release checks). Lists may be empty."""

    tracks: list[RemoteTrack] = Field(default_factory=list)
    sent: list[dict[str, Any]] = Field(default_factory=list)
    local: list[dict[str, Any]] = Field(default_factory=list)
    connections: list[dict[str, Any]] = Field(default_factory=list)
    sockets: list[dict[str, Any]] = Field(default_factory=list)
    elements: list[dict[str, Any]] = Field(default_factory=list)
    containers: dict[str, int] = Field(default_factory=dict)


# --- adapter to runner: notifications --------------------------------------------------------------------------------


class Callback(Message):
    """A function that the runner passed was called. ``name`` is the member under which it was passed (``onUserJoined``).

    ``seq`` counts from 1 per instance and never repeats; ``at_ms`` counts from the instance's ``open``, ``clock_ms`` the same
    on the clock of the SDK's side, which differs where ``advance`` moved it.
    """

    instance: str
    function: str
    name: str | None = None
    arguments: list[Any] = Field(default_factory=list)
    seq: int
    at_ms: float
    clock_ms: float | None = None


class Late(Message):
    """A settlement after the invocation had ended: a second one, or one after ``never``.

    ``invoke`` is the invocation's ``id``, or ``FUNCTION/n`` for the n-th invocation that a passed function made.
    """

    instance: str
    invoke: str
    ended: EndedKind
    value: Any = None
    error: ErrorValue | None = None
    at_ms: float


class Uncaught(Message):
    """An error that nobody caught: an unhandled rejection, an exception in a callback, a crash handler's report."""

    instance: str
    error: ErrorValue
    at_ms: float = 0.0
    origin: str = ""


class Log(Message):
    """A line for the log. A request of a page to anywhere but the simulator is ``data.request`` = {url, method, type}."""

    text: str
    level: Literal["debug", "info", "warning", "error"] = "info"
    instance: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)


Notification = Callback | Late | Uncaught | Log

NOTIFICATIONS: dict[str, type[Callback | Late | Uncaught | Log]] = {
    "callback": Callback,
    "late": Late,
    "uncaught": Uncaught,
    "log": Log,
}
"""Method name of a notification from the adapter → its model."""

REQUESTS: dict[str, tuple[type[Message], type[Message] | None]] = {
    "describe": (Describe, Description),
    "open": (Open, None),
    "invoke": (Invoke, Ended),
    "close": (Close, None),
    "stop": (Stop, None),
    "advance": (Advance, None),
    "observe": (Observe, Observation),
    "look": (Control, ControlState),
    "press": (Control, None),
    "echo": (Echo, None),
}
"""Method name of a request → model of its params, model of its result (None: anything)."""


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema (2020-12) of every message: ``NAME.params`` and ``NAME.result`` of requests, ``NAME`` of notifications.

    Params of requests say what an adapter gets (every field is there), the others what it has to send.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, (params, result) in REQUESTS.items():
        found[f"{name}.params"] = params.model_json_schema(mode="serialization")
        if result is not None:
            found[f"{name}.result"] = result.model_json_schema()
    for name, model in NOTIFICATIONS.items():
        found[name] = model.model_json_schema()
    return {name: {"$schema": _DIALECT, **found[name]} for name in sorted(found)}


def write_schemas(folder: Path) -> list[Path]:
    """Write each schema to ``folder/NAME.json``; the paths written. ``python -m testcall_conformance.protocol FOLDER``."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", "utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
