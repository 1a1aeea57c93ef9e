"""The plan of a run: which promises are asked of a build, which scenes they need, and in which work units these are played.

Pure. A work unit is idempotent: the same build, scenes and seed. Promises that share a scene are in one unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from testcall_conformance.checks import CHECKS, NotRun, Question
from testcall_conformance.protocol import Description
from testcall_conformance.scenes import Scene
from testcall_conformance.versions import too_new
from testcall_contract.models import Contract
from testcall_contract.promises import Promise, promises

UNWANTED = frozenset({"limit.value"})
"""Rules about numbers that nobody brings a build to: that they aren't judged leaves no family empty."""


@dataclass(frozen=True, slots=True)
class Task:
    """A promise and the scenes that decide it; or why it isn't run."""

    promise: str
    scenes: tuple[Scene, ...] = ()
    not_run: NotRun | None = None


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """Scenes that one worker plays one after the other, and the tasks that they decide."""

    id: str
    group: str
    scenes: tuple[Scene, ...] = ()
    tasks: tuple[Task, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user asked for: globs over clause ids and families; empty means everything."""

    clauses: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    exact: frozenset[str] = field(default_factory=frozenset)

    def takes(self, promise: Promise) -> bool:
        """Whether a promise is asked for."""
        if self.exact and promise.id not in self.exact:
            return False
        if self.clauses and not any(fnmatchcase(promise.id, pattern) for pattern in self.clauses):
            return False
        return not self.families or any(fnmatchcase(promise.family, pattern) for pattern in self.families)


def question_of(promise: Promise, contract: Contract, description: Description, profile: str = "quick") -> Question:
    """The question that a promise puts."""
    return Question(promise, contract, description, dict(promise.args), profile)


def task_of(question: Question) -> Task:
    """The scenes that a promise needs, or why it isn't run. A conflict needs those of all its alternatives."""
    promise = question.promise
    if promise.untestable:
        return Task(promise.id, not_run=NotRun(f"untestable: {promise.untestable}", "simulator", by_choice=True))
    if promise.needs_test:
        wanted = promise.rule not in UNWANTED
        return Task(
            promise.id, not_run=NotRun(f"needs a test: {promise.needs_test}", "simulator", by_choice=not wanted)
        )
    unborn = too_new(question)
    if unborn:
        return Task(promise.id, not_run=unborn)
    check = CHECKS.get(promise.rule)
    if check is None:
        return Task(promise.id, not_run=NotRun(f"needs a test: rule {promise.rule} has no check yet", "simulator"))
    asked = [question.with_args(a.args) for a in promise.alternatives] or [question]
    scenes: list[Scene] = []
    for one in asked:
        planned = check.plan(one)
        if isinstance(planned, NotRun):
            return Task(promise.id, not_run=planned)
        scenes += planned
    if not scenes:
        return Task(promise.id, not_run=NotRun("no scene can show it", "simulator"))
    return Task(promise.id, tuple(dict.fromkeys(scenes)))


def make_plan(
    contract: Contract, description: Description, selection: Selection, build: str, profile: str = "quick"
) -> list[WorkUnit]:
    """The work units of one build, the longest first; what isn't run is in a unit of its own, without scenes."""
    chosen = [p for p in promises(contract) if selection.takes(p)]
    tasks = [task_of(question_of(p, contract, description, profile)) for p in chosen]
    idle = tuple(task for task in tasks if task.not_run)
    units = _grouped([task for task in tasks if not task.not_run], build)
    if idle:
        units.append(WorkUnit(f"{build}/not-run", "not-run", (), idle))
    return units


UNIT_GROUPS: dict[str, str] = {
    "bad_setting": "refusals",
    "unknown_key": "refusals",
    "listeners": "listeners",
    "registration": "listeners",
    "thrower": "listeners",
    "survival": "survival",
    "settings_listener": "survival",
    "login_race": "calls",
    "login_state": "calls",
    "logout_in_call": "joins",
    "every_call": "calls",
    "surface": "calls",
    "app_effect": "calls",
    "records": "records",
    "pages": "records",
    "fetch_race": "records",
    "record_getters": "records",
    "broken_page": "records",
    "in_call": "in-call",
    "css": "css",
    "idle": "idle",
    "joined_media": "media",
    "role": "media",
    "token": "session",
    "ring_call": "ring-calls",
    "ring_getters": "ring-calls",
    "ring_listeners": "ring-listeners",
    "ring_timeout": "ring-timeouts",
}
"""Kind of scene → the unit in which it is played; ``call`` scenes are split by operation, tours by name, settings by object."""

_WEIGHT = {"in_call": 20.0, "settings": 3.0, "tour": 6.0, "joined_media": 7.0, "role": 8.0, "listeners": 4.0, "survival": 6.0,
           "settings_listener": 6.0, "registration": 4.0, "every_call": 6.0, "css": 4.0, "idle": 6.0}  # fmt: skip


def _group(scene: Scene) -> str:
    if scene.kind == "tour":
        beside = scene.get("object", "")
        return f"tour-{scene.get('name')}{'-' if beside else ''}{beside}"
    if scene.kind == "ringing":
        return f"ringing-{scene.get('name')}"
    if scene.kind == "call":
        return "joins" if str(scene.get("operation")).startswith("join") else "calls"
    if scene.kind == "settings":
        return f"settings-{scene.get('object')}" if scene.get("object") else "settings"
    return UNIT_GROUPS.get(scene.kind, "session")


def _grouped(tasks: Sequence[Task], build: str) -> list[WorkUnit]:
    """Tasks by the group of their scenes; groups that a task joins together become one."""
    groups: dict[str, str] = {}

    def find(name: str) -> str:
        while groups.setdefault(name, name) != name:
            name = groups[name]
        return name

    for task in tasks:
        first, *others = (find(_group(scene)) for scene in task.scenes)
        for other in others:
            groups[other] = first
    units: dict[str, list[Task]] = {}
    for task in tasks:
        units.setdefault(find(_group(task.scenes[0])), []).append(task)
    made = [
        WorkUnit(f"{build}/{name}", name, tuple(dict.fromkeys(s for t in members for s in t.scenes)), tuple(members))
        for name, members in units.items()
    ]
    return sorted(made, key=lambda unit: -weight(unit.scenes))


def weight(scenes: Iterable[Scene]) -> float:
    """About how long scenes take on a real build, in seconds; only the order of units depends on it."""
    return sum(_WEIGHT.get(scene.kind, 1.5) for scene in scenes)
