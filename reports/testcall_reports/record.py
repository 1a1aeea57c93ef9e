"""The run record: what each line of the JSON Lines file may say.

Everything that a report shows stands in the record: clause texts, citations and evidence included, so that a record can be
rendered years later, without the contract that it was judged by. The models state shapes only; who writes lines is
:mod:`testcall_reports.writer`, what they add up to is :mod:`testcall_reports.summary`.

A line is named by ``(unit, seq)``: ``seq`` counts from 1 within its work unit, and lines of the run as a whole have the unit
``""``. ``evidence`` lists ``seq`` of the verdict's own unit, so that merging renumbers nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from testcall_reports.clean import clean_text, clean_value

RECORD_SCHEMA = 1
"""Version of this format; a reader refuses a higher one."""

Text = Annotated[str, BeforeValidator(lambda value: clean_text(value) if isinstance(value, str) else value)]
"""A text that UTF-8 can carry."""

Json = Annotated[Any, BeforeValidator(clean_value)]
"""Any JSON value; what JSON can't say is made visible, see :mod:`testcall_reports.clean`."""

JsonObject = Annotated[dict[str, Any], BeforeValidator(clean_value)]
"""A JSON object."""

Verdict = Literal[
    "pass", "fail", "known_fail", "unexpected_pass", "inconclusive", "not_run", "error", "holds", "differs"
]
"""What was found about one clause on one build; ``holds`` and ``differs`` are for clauses that don't count."""

Level = Literal["must", "should", "info"]
Basis = Literal["documented", "declared", "standard", "observed", "assumed"]
Attribution = Literal["sdk", "webrtc_stack", "simulator", "adapter", "machine"]
Authority = Literal["primary", "secondary"]
Proof = Literal["real_build", "behaviour_mutant", "operator_only", "unproven"]
"""How a clause's check was shown able to fail (design: proof of the suite)."""

EVENT_KINDS = ("step", "outcome", "callback", "wire", "media", "instrument", "log")
"""Kinds of line that stand for one event of a trace."""

GREEN: frozenset[str] = frozenset({"pass"})
"""The only verdict that is green."""

JUDGED: frozenset[str] = frozenset({"pass", "fail", "known_fail", "unexpected_pass", "holds", "differs"})
"""Verdicts that say something about the build; the others say why nothing can be said."""


class Model(BaseModel):
    """Base of all parts of the record: immutable, and strict about names, so that a typing error can't vanish."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(Model):
    """What every line has. ``seq`` 0 means: the writer numbers it. ``at_ns``: monotonic nanoseconds of the writing host."""

    seq: int = Field(default=0, ge=0)
    at_ns: int = Field(default=0, ge=0)
    unit: Text = ""


class HostFacts(Model):
    """The machine that ran the suite, in words that name neither its owner nor a path; ``memory_mb`` in MiB, 0 unknown."""

    system: Text = ""
    release: Text = ""
    machine: Text = ""
    cpus: int = 0
    memory_mb: int = 0
    python: Text = ""
    browser: Text = ""
    packages: dict[Text, Text] = {}


class RunLine(Line):
    """One process that ran the suite. A merged record has one for each distinct run that went into it."""

    kind: Literal["run"] = "run"
    record_schema: int = RECORD_SCHEMA
    suite_version: Text
    command: Text = ""
    seed: int = 0
    profile: Text = "quick"
    started_at: datetime
    time_scale: float = 1.0
    families: tuple[Text, ...] = ()
    """Families that were asked for; one that has no judged clause makes the run vacuous."""
    planned_units: tuple[Text, ...] = ()
    """Every work unit of the whole run, those of other shards included; empty when unknown."""
    shard: Text = ""
    host: HostFacts = HostFacts()


class BuildLine(Line):
    """A build under test. ``id`` is what verdicts call it; ``sdk`` the string that chose it, without a path."""

    kind: Literal["build"] = "build"
    id: Text
    sdk: Text
    name: Text = ""
    version: Text = ""
    contract: Text
    adapter: Text = ""
    is_reference: bool = False
    """A model of the documentation, not a vendor build."""
    capabilities: tuple[Text, ...] = ()
    notes: tuple[Text, ...] = ()


class UnitLine(Line):
    """A work unit begins: ``group`` names its clauses, ``attempt`` counts from 1."""

    kind: Literal["unit"] = "unit"
    build: Text
    profile: Text = ""
    group: Text = ""
    seed_block: int = 0
    suite_version: Text = ""
    attempt: int = 1
    quarantined: Text = ""
    """Why the unit is no longer tried, e.g. it killed its worker twice; empty when it is not quarantined."""


class EventLine(Line):
    """One event of a trace. ``actor`` did it; ``data`` as the trace's ``kind`` and ``name`` say."""

    actor: Text = ""
    name: Text = ""
    data: JsonObject = {}


class StepLine(EventLine):
    """What the suite asked for: an operation invoked, a peer joined, time advanced."""

    kind: Literal["step"] = "step"


class OutcomeLine(EventLine):
    """How an invocation ended: ``data.ended`` and its value or error."""

    kind: Literal["outcome"] = "outcome"


class CallbackLine(EventLine):
    """A callback of the build, ``data.arguments``."""

    kind: Literal["callback"] = "callback"


class WireLine(EventLine):
    """Something on a wire, or a decision of the service: ``data.channel`` is http, xmpp, datachannel or service."""

    kind: Literal["wire"] = "wire"


class MediaLine(EventLine):
    """A media measurement: frames, level, size within ``data.window_s`` seconds."""

    kind: Literal["media"] = "media"


class InstrumentLine(EventLine):
    """A reading of an instrument about itself: calibration bias and spread, loop lag."""

    kind: Literal["instrument"] = "instrument"


class LogLine(EventLine):
    """A log line of an adapter or a page; never the base of a verdict."""

    kind: Literal["log"] = "log"


class Source(Model):
    """The place of the documentation that a clause or finding stands on. ``revision``: of the page, or the types' version."""

    title: Text
    url: Text = ""
    heading: Text = ""
    revision: Text = ""
    authority: Authority = "primary"


class Item(Model):
    """What a clause is about: ``kind`` operation, setting, event, error_code …; ``name`` in the dialect's words."""

    kind: Text
    name: Text


class Wait(Model):
    """One wait of a check; a wait near its limit makes a verdict worth a second look."""

    what: Text
    waited_s: float
    limit_s: float


class Divergence(Model):
    """The first event that no consistent state allows, or, when ``absent``, the last one before what should have come."""

    seq: int | None = None
    absent: bool = False
    expected: Text = ""
    seen: Text = ""


class Measurement(Model):
    """A measured quantity with its confidence interval ``low``..``high`` against ``limit``; all in ``unit``."""

    what: Text = ""
    unit: Text = "ms"
    value: float
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    noise: float | None = None
    samples: int = 0


class VerdictLine(Line):
    """What was found about one clause on one build; exactly one per clause × build, also for what did not run."""

    kind: Literal["verdict"] = "verdict"
    build: Text
    contract: Text
    clause: Text
    text: Text
    family: Text = ""
    rule: Text = ""
    item: Item | None = None
    level: Level = "must"
    basis: Basis = "documented"
    counts: bool = True
    source: Source | None = None
    verdict: Verdict
    attribution: Attribution | None = None
    reason: Text = ""
    by_choice: bool = False
    """Not run because nobody asked for it (filter, profile, other shard) or because the contract calls it untestable. A
    family whose clauses are all so does not make the run vacuous."""
    expected: Json = None
    seen: Json = None
    conflict: Text = ""
    follows: Text = ""
    """The alternative of ``conflict`` that the build follows."""
    assumptions: tuple[Text, ...] = ()
    """What no source tells about the service and this verdict nevertheless rests on."""
    evidence: tuple[int, ...] = ()
    waits: tuple[Wait, ...] = ()
    first_divergence: Divergence | None = None
    measurement: Measurement | None = None
    proof: Proof | None = None
    replay: Text = ""
    """The command that shows it again."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> VerdictLine:
        """The words of the design hold for every verdict that can be written at all."""
        if self.counts and self.basis in ("observed", "assumed"):
            raise ValueError(f"{self.clause}: a clause whose basis is {self.basis} never counts")
        if self.counts and self.verdict in ("holds", "differs"):
            raise ValueError(f"{self.clause}: {self.verdict} is for clauses that don't count")
        if not self.counts and self.verdict in ("pass", "fail", "known_fail", "unexpected_pass"):
            raise ValueError(f"{self.clause}: a clause that doesn't count can't {self.verdict}; say holds or differs")
        if self.verdict not in ("pass", "holds", "differs") and self.attribution is None and not self.by_choice:
            raise ValueError(f"{self.clause}: verdict {self.verdict} needs an attribution")
        if self.by_choice and self.verdict != "not_run":
            raise ValueError(f"{self.clause}: by_choice is for not_run, not for {self.verdict}")
        if self.verdict in ("inconclusive", "not_run", "error", "known_fail") and not self.reason:
            raise ValueError(f"{self.clause}: verdict {self.verdict} needs a reason")
        return self

    @property
    def key(self) -> tuple[str, str, str]:
        """What there may be only one verdict of: contract, clause, build."""
        return (self.contract, self.clause, self.build)


class FindingLine(Line):
    """Something worth knowing that is no verdict: a silence ("does …"), a conflict's alternative followed, an observation."""

    kind: Literal["finding"] = "finding"
    type: Literal["silence", "conflict", "observation"]
    build: Text
    contract: Text = ""
    id: Text
    text: Text
    does: Text = ""
    alternatives: tuple[Text, ...] = ()
    sources: tuple[Source, ...] = ()
    assumptions: tuple[Text, ...] = ()
    evidence: tuple[int, ...] = ()


class FooterLine(Line):
    """The last line of a whole record; a record without it was interrupted. ``lines`` counts lines by kind, footer excluded."""

    kind: Literal["footer"] = "footer"
    finished_at: datetime
    duration_s: float = 0.0
    lines: dict[Text, int] = {}


RecordLine = Annotated[
    RunLine
    | BuildLine
    | UnitLine
    | StepLine
    | OutcomeLine
    | CallbackLine
    | WireLine
    | MediaLine
    | InstrumentLine
    | LogLine
    | VerdictLine
    | FindingLine
    | FooterLine,
    Field(discriminator="kind"),
]
"""Any line of a record."""

LINE: TypeAdapter[RecordLine] = TypeAdapter(RecordLine)
"""Validates and writes lines."""

EVENT_MODELS: dict[str, type[EventLine]] = {
    "step": StepLine,
    "outcome": OutcomeLine,
    "callback": CallbackLine,
    "wire": WireLine,
    "media": MediaLine,
    "instrument": InstrumentLine,
    "log": LogLine,
}
"""The model for each kind of trace event."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema of one line."""
    schema = LINE.json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "testcall run record line", **schema}
