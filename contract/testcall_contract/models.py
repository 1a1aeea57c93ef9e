"""The contract file as typed, frozen values: what one SDK dialect and major version promises.

Keys of operations, settings, events and conditions are *concepts* of ``spec/core.yaml``; ``name`` is the dialect's spelling.
What stands here is data; what a rule means is said in :mod:`testcall_contract.rules`, and judged in the conformance package.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from testcall_contract.shapes import Shape

Level = Literal["must", "should", "info"]
Basis = Literal["documented", "declared", "standard", "observed", "assumed"]
Outcome = Literal["returned", "resolved", "rejected", "threw", "success_callback", "error_callback", "never"]

SCHEMA_VERSION = 1


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(_Model):
    """A document that clauses stand on. ``path`` is its place in a checkout of the documentation, for ``spec drift``."""

    title: str
    url: str | None = None
    path: str | None = None
    revision: str | None = None
    version: str | None = None
    retrieved: str | None = None
    authority: Literal["primary", "secondary"] = "primary"
    kind: Literal["page", "types", "skill", "changelog", "sample", "standard", "rest", "run"] = "page"


class Clause(_Model):
    """One testable sentence of a contract.

    ``source`` is ``key`` or ``key#Heading``; ``hash`` the first 12 hexadecimal digits of the SHA-256 of the normalised
    sentence it stands on (:func:`testcall_contract.drift.sentence_hash`). ``args`` are the arguments of the rule.
    """

    id: str = Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)+$")
    rule: str
    args: dict[str, Any] = Field(default_factory=dict)
    level: Level = "must"
    basis: Basis = "documented"
    source: str
    hash: str | None = Field(default=None, pattern=r"^[0-9a-f]{12}$")
    text: str
    since: str | None = None
    needs_test: str | None = None
    untestable: str | None = None
    acceptance_only: str | None = None


class Alternative(_Model):
    """One side of a conflict: what a source says, and the rule's arguments that differ on this side."""

    id: str
    says: str
    source: str
    hash: str | None = Field(default=None, pattern=r"^[0-9a-f]{12}$")
    args: dict[str, Any] = Field(default_factory=dict)


class Conflict(_Model):
    """Two documented or declared sources disagree. ``means`` says what it means for a user."""

    id: str = Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)+$")
    rule: str
    args: dict[str, Any] = Field(default_factory=dict)
    level: Level = "must"
    about: str
    means: str
    alternatives: list[Alternative] = Field(min_length=2)
    needs_test: str | None = None
    untestable: str | None = None


class Silence(_Model):
    """What no source says. Reported as "does …"; it never counts against a build."""

    id: str = Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)+$")
    rule: str
    args: dict[str, Any] = Field(default_factory=dict)
    text: str
    observed: str | None = None
    needs_test: str | None = None
    untestable: str | None = None


class Item(_Model):
    """What every part of a contract can carry."""

    clauses: list[Clause] = Field(default_factory=list)
    conflicts: list[Conflict] = Field(default_factory=list)
    silences: list[Silence] = Field(default_factory=list)
    since: str | None = None
    deprecated: str | None = None


class Style(_Model):
    """How the dialect takes arguments, delivers results and spells errors. ``code_at`` and ``message_at`` are dotted paths."""

    arguments: Literal["positional", "named"] = "positional"
    results: Literal["promise", "result_object", "listener", "callbacks", "returned"] = "promise"
    holder: str = ""
    code_at: str = "code"
    message_at: str = "message"


class Sdk(_Model):
    """Which SDK the contract is for. ``package`` is ``npm:name`` or its like."""

    name: str
    platform: str
    major: int
    package: str | None = None
    wire: Literal["calls-v4", "calls-v5", "chat-v4", "none"] = "none"
    wire_basis: Basis = "observed"


class Parameter(_Model):
    """A parameter of an operation. ``concept`` is what it is for (``session_id``, ``auth_token``, ``session_settings`` …)."""

    concept: str
    name: str
    type: Shape = "any"
    optional: bool = False
    default: Any = None


class Delivery(_Model):
    """How a result comes: ``how`` it ends, the ``value``'s shape, or where the error's code and message stand."""

    how: list[Outcome] | Outcome
    value: Shape = "any"
    error: Shape = "any"
    code_at: str | None = None
    message_at: str | None = None

    @property
    def ends(self) -> tuple[str, ...]:
        """The ways to end that are in order."""
        return (self.how,) if isinstance(self.how, str) else tuple(self.how)


class Delivers(_Model):
    """The delivery of an operation, in success and in failure. A failure of None: no failure is promised or described."""

    success: Delivery
    failure: Delivery | None = None


class Signature(_Model):
    """An overload of an operation."""

    id: str
    parameters: list[Parameter] = Field(default_factory=list)


class Endpoint(_Model):
    """Where an operation of a REST contract is asked for.

    ``base`` is the address in front of ``path``; in both ``{name}`` stands for a value. ``headers`` says of each whether it has to
    be there; ``query`` has the shape of each parameter, ``body`` that of the JSON.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    base: str = Field(pattern=r"^https://")
    path: str = Field(pattern=r"^/")
    headers: dict[str, Literal["required", "optional"]] = Field(default_factory=dict)
    query: dict[str, Shape] = Field(default_factory=dict)
    body: Shape | None = None


class Operation(Item):
    """Something an application calls. ``on`` names the class or object; absent: the dialect's holder.

    ``signature`` tells operations of one name apart, where a dialect overloads it: the adapter gets it with the call. ``get``
    and ``set`` are a property that is read and one that is assigned. ``arguments`` says how this operation takes them, where a
    dialect has both ways. ``endpoint`` is for REST alone.
    """

    name: str
    endpoint: Endpoint | None = None
    on: str | None = None
    signature: str | None = None
    arguments: Literal["positional", "named"] | None = None
    parameters: list[Parameter] = Field(default_factory=list)
    overloads: list[Signature] = Field(default_factory=list)
    delivers: Delivers
    requires: list[str] = Field(default_factory=list)
    mandatory: bool = True
    alternatives: list[str] = Field(default_factory=list)
    delegates_to: str | None = None
    errors: list[str] = Field(default_factory=list)


class Effect(_Model):
    """What a setting does, as something a check can see. ``kind`` is one of :data:`testcall_contract.vocabulary.EFFECTS`."""

    kind: str
    args: dict[str, Any] = Field(default_factory=dict)


SettingType = Literal[
    "boolean", "integer", "number", "string", "enum", "object", "list", "listener", "class", "function"
]


class Setting(Item):
    """A setting: a member of a settings object, or a method of its builder."""

    name: str
    setter: str | None = None
    getter: str | None = None
    type: SettingType
    values: list[Any] = Field(default_factory=list)
    excludes: list[Any] = Field(default_factory=list)
    default: Any = None
    has_default: bool = True
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    shape: Shape = "any"
    effect: Effect | None = None


class SettingsObject(_Model):
    """A settings object. ``form``: ``object`` (a literal), ``builder`` (methods, then ``build``), ``named`` (constructor).

    ``new`` are the members that the constructor of the builder takes, in its order. ``fields``: the builder's setters are no
    methods but fields, to which values are assigned.
    """

    form: Literal["object", "builder", "named"]
    name: str
    builder: str | None = None
    build: str = "build"
    new: list[str] = Field(default_factory=list)
    fields: bool = False
    members: dict[str, Setting] = Field(default_factory=dict)
    clauses: list[Clause] = Field(default_factory=list)
    conflicts: list[Conflict] = Field(default_factory=list)
    silences: list[Silence] = Field(default_factory=list)


class EventPayload(_Model):
    """One argument of an event's callback."""

    name: str
    shape: Shape = "any"


class Event(Item):
    """Something the SDK tells an application. ``via`` are keys of ``listeners``."""

    name: str
    via: list[str]
    payload: list[EventPayload] = Field(default_factory=list)
    cause: str | None = None
    audience: Literal["local", "remote", "all", "sharer", "unknown"] = "unknown"
    alternatives: list[str] = Field(default_factory=list)


class Listener(Item):
    """A way to register for events.

    ``form``: ``object`` (one object with a callback per event; ``class`` wraps it if given), ``function`` (one function per
    event). ``register`` and ``unregister`` are operation concepts; ``setting`` is the ``object.member`` that carries it.
    """

    form: Literal["object", "function"]
    wrap: str | None = None
    register_with: str | None = None
    unregister_with: str | None = None
    setting: str | None = None
    keyed: bool = False
    returns_unsubscribe: bool = False


class ErrorCode(Item):
    """The dialect's code for a condition of core.yaml. ``operations`` are those that can carry it."""

    code: str
    message: str | None = None
    basis: Basis = "documented"
    operations: list[str] = Field(default_factory=list)
    attributed: bool = True
    source: str | None = None
    alternatives: list[str] = Field(default_factory=list)


class Constant(Item):
    """A constant of the dialect: ``path`` from a global, and its value."""

    path: str
    value: Any
    source: str | None = None


class TypeDef(Item):
    """A type of the dialect: the shape of its values."""

    name: str
    shape: Shape
    source: str | None = None


class Limit(Item):
    """A documented number, with its unit."""

    about: str
    value: Any
    unit: str | None = None
    source: str | None = None


class Control(_Model):
    """A visible control: how a person, and a check, finds it. ``role`` and ``names`` as in WAI-ARIA; any of the names will do.

    ``opened_by`` is another control (a menu) that has to be pressed before this one can be seen.
    """

    role: str = "button"
    names: list[str] = Field(default_factory=list)
    selectors: list[str] = Field(default_factory=list)
    opened_by: str | None = None
    basis: Basis = "observed"


class LeftOut(_Model):
    """What the sources tell and no clause carries: ``about`` is one sentence of what it is, ``reason`` one of why."""

    about: str
    reason: str
    source: str


class Contract(_Model):
    """All that is promised for one SDK dialect and major version."""

    contract: str = Field(pattern=r"^[a-z]+/[a-z0-9-]+$")
    schema_version: Literal[1] = Field(alias="schema")
    sdk: Sdk
    style: Style = Field(default_factory=Style)
    sources: dict[str, Source]
    types: dict[str, TypeDef] = Field(default_factory=dict)
    constants: dict[str, Constant] = Field(default_factory=dict)
    errors: dict[str, ErrorCode] = Field(default_factory=dict)
    operations: dict[str, Operation] = Field(default_factory=dict)
    settings: dict[str, SettingsObject] = Field(default_factory=dict)
    listeners: dict[str, Listener] = Field(default_factory=dict)
    events: dict[str, Event] = Field(default_factory=dict)
    controls: dict[str, Control] = Field(default_factory=dict)
    limits: dict[str, Limit] = Field(default_factory=dict)
    media: Item = Field(default_factory=Item)
    session: Item = Field(default_factory=Item)
    left_out: list[LeftOut] = Field(default_factory=list)

    @property
    def type_shapes(self) -> dict[str, Shape]:
        """The shapes of the contract's types, for :func:`testcall_contract.shapes.mismatch`."""
        return {key: value.shape for key, value in self.types.items()}


class Core(_Model):
    """``spec/core.yaml``: the concepts that dialects share, each with one sentence."""

    schema_version: Literal[1] = Field(alias="schema")
    operations: dict[str, str]
    settings: dict[str, str]
    events: dict[str, str]
    conditions: dict[str, str]
    controls: dict[str, str]
    parameters: dict[str, str]
