"""A worker: plays the scenes of one work unit on a service and an adapter of its own, judges, and writes the unit's shard.

Whatever a build or an adapter does, the unit ends with one verdict per task. A unit can be run again at will: same build,
same scenes, same seed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from testcall_conformance import judge
from testcall_conformance.adapters import connect
from testcall_conformance.adapters.base import Adapter, ConnectOptions
from testcall_conformance.checks import CHECKS, Judgement, NotRun, Question
from testcall_conformance.dialect import Dialect, names_offered
from testcall_conformance.errors import AdapterFailure, ConformanceError
from testcall_conformance.evidence import Recording
from testcall_conformance.plan import Task, WorkUnit, question_of
from testcall_conformance.protocol import Description
from testcall_conformance.resting import assumptions_behind
from testcall_conformance.scenes import Scene
from testcall_conformance.session_scenes import play
from testcall_conformance.stage import Stage
from testcall_conformance.timeouts import Timeouts, timeouts
from testcall_contract.models import Contract
from testcall_contract.promises import Promise, promises
from testcall_contract.trace import Trace
from testcall_reports.record import FindingLine, UnitLine, VerdictLine
from testcall_reports.writer import RecordWriter, shard

if TYPE_CHECKING:
    from testcall_simulator.simulator import Simulator

MAX_RESTARTS = 3
"""So often is an adapter started again within a unit before the unit gives it up."""

SCENE_LIMIT_S = 60.0
"""A scene that takes longer hangs; scaled like every time-out."""


@dataclass(frozen=True)
class Job:
    """What a worker is given: values only, so that it can be sent to another process or machine."""

    sdk: str
    build: str
    contract: str
    unit: WorkUnit
    folder: Path
    seed: int = 0
    profile: str = "quick"
    suite_version: str = ""
    options: ConnectOptions = field(default_factory=ConnectOptions)
    description: Description | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """How a unit went: verdict counts and the reasons of errors, for the progress line."""

    unit: str
    verdicts: Mapping[str, int]
    trouble: tuple[str, ...] = ()


class _TraceLog(logging.Handler):
    """Puts warnings of libraries into the trace: they belong to the record, not on the terminal of who runs a suite."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(logging.WARNING)
        self._trace = trace

    def emit(self, record: logging.LogRecord) -> None:
        """Trace one line, without its stack."""
        self._trace.add("log", record.name, record.levelname.lower(), text=record.getMessage()[:500])


def run_unit(job: Job) -> Done:
    """Run a job to its end in this process. Raises only for faults of ours or of the machine."""
    root = logging.getLogger()
    if not any(isinstance(handler, logging.NullHandler) for handler in root.handlers):
        root.addHandler(logging.NullHandler())  # what libraries say after the unit's end is of no use to anybody
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_run(job))


_kept: list[asyncio.Runner] = []
"""The runner of a worker process that has many units: what belongs to its loop (a browser) is kept from unit to unit."""


def run_in_worker(job: Job) -> Done:
    """Run a job in a process that is there for jobs only; its browser stays open for the next one, and ends with the process."""
    if not _kept:
        _kept.append(asyncio.Runner(loop_factory=_loop_factory()))
    shared = replace(job, options=replace(job.options, share_browser=not job.options.keep_open))
    return _kept[0].run(_run(shared))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed: timers and packets are later by half with the standard loop."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _run(job: Job) -> Done:
    if not job.unit.scenes:
        return _write_idle(job)
    from testcall_simulator.simulator import Simulator

    async with Simulator(seed=job.seed) as simulator:
        crew = _Crew(job, simulator)
        log = _TraceLog(simulator.trace)
        logging.getLogger().addHandler(log)
        try:
            with shard(job.folder, job.unit.id, secrets=simulator.trace.secrets) as writer:
                return await _play_all(crew, writer)
        finally:
            logging.getLogger().removeHandler(log)
            await crew.dismiss()


class _Crew:
    """The adapter of a unit and its stage; starts it, and starts it again after a failure."""

    def __init__(self, job: Job, simulator: Simulator) -> None:
        self.job = job
        self.simulator = simulator
        self.contract = _contract(job.contract)
        self.limits: Timeouts = timeouts()
        self.restarts = 0
        self._adapter: Adapter | None = None
        self._stage: Stage | None = None

    async def stage(self) -> Stage:
        """The stage with a running adapter."""
        if self._stage is None:
            self._adapter = await connect(self.job.sdk, options=self.job.options)
            description = await self._adapter.start()
            plain = not self.job.sdk.startswith(("npm:", "file:"))
            dialect = Dialect(self.contract, names_offered(self.contract, description.offers))
            self._stage = Stage(dialect, self.simulator, self._adapter, description, self.limits, plain=plain)
        return self._stage

    async def restart(self) -> None:
        """Drop the adapter; the next :meth:`stage` starts another."""
        self.restarts += 1
        await self.dismiss()

    async def dismiss(self) -> None:
        """Stop the adapter, if one runs."""
        adapter, stage, self._adapter, self._stage = self._adapter, self._stage, None, None
        if stage is not None:
            await stage.close()
        if adapter is not None:
            await adapter.stop()


def _contract(name: str) -> Contract:
    from testcall_contract.loader import load, load_file

    path = Path(name)
    return load_file(path) if path.suffix in (".yaml", ".yml") else load(name)


async def _play_all(crew: _Crew, writer: RecordWriter) -> Done:
    job = crew.job
    writer.write(
        UnitLine(
            unit=job.unit.id,
            build=job.build,
            group=job.unit.group,
            profile=job.profile,
            suite_version=job.suite_version,
        )
    )
    by_id = {promise.id: promise for promise in promises(crew.contract)}
    recordings: dict[Scene, Recording] = {}
    numbers: dict[int, int] = {}
    waiting = list(job.unit.tasks)
    counts: dict[str, int] = {}
    trouble: list[str] = []
    trace = crew.simulator.trace
    for scene in job.unit.scenes:
        start = trace.last_seq
        failure = await _play_one(crew, scene)
        if failure:
            trouble.append(f"{scene}: {failure}")
        events = trace.since(start)
        numbers |= writer.events(events, unit=job.unit.id)
        recordings[scene] = Recording(scene, events, crew.contract, failure)
        ready = [task for task in waiting if all(s in recordings for s in task.scenes)]
        waiting = [task for task in waiting if task not in ready]
        for task in ready:
            for line in _lines(crew, by_id[task.promise], task, recordings):
                written = writer.write(_renumbered(_resting(line, task, recordings), numbers))
                if isinstance(written, VerdictLine):
                    counts[written.verdict] = counts.get(written.verdict, 0) + 1
    return Done(job.unit.id, counts, tuple(trouble))


async def _play_one(crew: _Crew, scene: Scene) -> str:
    """Play a scene; what went wrong with adapter or machine, "adapter: …" or "simulator: …", or nothing."""
    if crew.restarts > MAX_RESTARTS:
        return f"adapter: given up after {MAX_RESTARTS} restarts"
    limit = SCENE_LIMIT_S * crew.limits.invoke / Timeouts().invoke
    try:
        stage = await crew.stage()
        await asyncio.wait_for(play(stage, scene), limit)
    except AdapterFailure as failure:
        if failure.needs_restart:
            await crew.restart()
        return f"adapter: {failure}"
    except ConformanceError as error:
        return f"adapter: {error}"
    except TimeoutError:
        await crew.restart()
        return f"adapter: the scene took longer than {limit:g} s"
    except Exception as error:
        await crew.restart()
        return f"simulator: {type(error).__name__}: {error}"
    return ""


def _lines(
    crew: _Crew, promise: Promise, task: Task, recordings: Mapping[Scene, Recording]
) -> list[VerdictLine | FindingLine]:
    job = crew.job
    assert job.description is not None
    question = question_of(promise, crew.contract, job.description, job.profile)
    failed = next((recordings[s].failure for s in task.scenes if recordings[s].failure), "")
    if failed:
        told = _of_whole_acts(question, task, recordings, job)
        if told:
            return told
        attribution, _, reason = failed.partition(": ")
        if promise.kind == "silence":
            return [judge.judge_silence(question, NotRun(reason, attribution), job.build, job.unit.id)]
        return [judge.broken(question, reason, attribution, job.build, job.unit.id)]
    return verdict_lines(question, recordings, job.build, job.unit.id)


def _of_whole_acts(
    question: Question, task: Task, recordings: Mapping[Scene, Recording], job: Job
) -> list[VerdictLine | FindingLine]:
    """What the acts that were played whole before a scene broke tell of the promise; nothing, if they tell nothing."""
    whole = {
        scene: recordings[scene].whole() if recordings[scene].failure else recordings[scene] for scene in task.scenes
    }
    kept = {scene: recording for scene, recording in whole.items() if recording is not None}
    if len(kept) < len(task.scenes):
        return []
    lines = verdict_lines(question, kept, job.build, job.unit.id)
    decided = ("pass", "fail", "holds", "differs")
    return lines if isinstance(lines[0], VerdictLine) and lines[0].verdict in decided else []


def verdict_lines(
    question: Question, recordings: Mapping[Scene, Recording], build: str, unit: str
) -> list[VerdictLine | FindingLine]:
    """The verdict or finding on a promise whose scenes were all played. Pure."""
    promise = question.promise
    if promise.kind == "conflict":
        asked = [question.with_args(a.args) for a in promise.alternatives]
        judgements = {a.id: _judged(one, recordings) for a, one in zip(promise.alternatives, asked, strict=True)}
        none = all(judgement.kept is False for judgement in judgements.values())
        mine = list(dict.fromkeys(scene for one in asked for scene in _scenes(one)))
        wavering = judge.wavers(question, [recordings[scene] for scene in mine]) if none else ""
        verdict, finding = judge.judge_conflict(question, judgements, build, unit, wavering=wavering)
        return [verdict, finding] if finding else [verdict]
    judgement = _judged(question, recordings)
    if promise.kind == "silence":
        return [judge.judge_silence(question, judgement, build, unit)]
    return [judge.judge_clause(question, judgement, build, unit)]


def _judged(question: Question, recordings: Mapping[Scene, Recording]) -> Judgement:
    return judge.ask(question, [recordings[scene] for scene in _scenes(question)])


def _scenes(question: Question) -> Sequence[Scene]:
    planned = CHECKS[question.promise.rule].plan(question)
    return () if isinstance(planned, NotRun) else planned


def _resting(
    line: VerdictLine | FindingLine, task: Task, recordings: Mapping[Scene, Recording]
) -> VerdictLine | FindingLine:
    """The line with the assumptions that show in its evidence."""
    wanted = set(line.evidence)
    shown = [event for scene in task.scenes for event in recordings[scene].events if event.seq in wanted]
    return line.model_copy(update={"assumptions": assumptions_behind(shown)}) if wanted else line


def _renumbered(line: VerdictLine | FindingLine, numbers: Mapping[int, int]) -> VerdictLine | FindingLine:
    """Evidence in the numbers of the record instead of the trace's; each once, in order."""
    evidence = tuple(dict.fromkeys(numbers[seq] for seq in sorted(line.evidence) if seq in numbers))
    return line.model_copy(update={"evidence": evidence})


def _write_idle(job: Job) -> Done:
    """The unit of tasks that aren't run: their verdicts, without a service."""
    contract = _contract(job.contract)
    by_id = {promise.id: promise for promise in promises(contract)}
    assert job.description is not None
    counts = {"not_run": 0}
    with shard(job.folder, job.unit.id) as writer:
        writer.write(UnitLine(unit=job.unit.id, build=job.build, group=job.unit.group, suite_version=job.suite_version))
        for task in job.unit.tasks:
            question = question_of(by_id[task.promise], contract, job.description, job.profile)
            assert task.not_run is not None
            if question.promise.kind == "silence":
                writer.write(judge.judge_silence(question, task.not_run, job.build, job.unit.id))
            elif question.promise.kind == "conflict":
                counts["not_run"] += 1
                writer.write(judge.judge_conflict(question, task.not_run, job.build, job.unit.id)[0])
            else:
                counts["not_run"] += 1
                writer.write(judge.judge_clause(question, task.not_run, job.build, job.unit.id))
    return Done(job.unit.id, counts)


def write_crashed(job: Job, reason: str) -> Done:
    """The shard of a unit whose worker died or hung: an error for each task, by the runner."""
    contract = _contract(job.contract)
    by_id = {promise.id: promise for promise in promises(contract)}
    assert job.description is not None
    with shard(job.folder, job.unit.id) as writer:
        writer.write(
            UnitLine(
                unit=job.unit.id,
                build=job.build,
                group=job.unit.group,
                suite_version=job.suite_version,
                quarantined=reason,
            )
        )
        for task in job.unit.tasks:
            question = question_of(by_id[task.promise], contract, job.description, job.profile)
            if question.promise.kind == "silence":
                writer.write(judge.judge_silence(question, NotRun(reason, "machine"), job.build, job.unit.id))
            else:
                writer.write(judge.broken(question, reason, "machine", job.build, job.unit.id))
    return Done(job.unit.id, {"error": len(job.unit.tasks)}, (reason,))
