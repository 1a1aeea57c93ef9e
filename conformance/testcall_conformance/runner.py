"""The runner: describes the builds, plans, hands work units to workers, merges their shards and has the reports written.

The engine emits progress; it prints nothing. Work goes to a ``concurrent.futures`` executor: processes by default.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import platform
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from testcall_conformance.adapters import connect
from testcall_conformance.adapters.base import ConnectOptions
from testcall_conformance.errors import AdapterFailure, ConformanceError
from testcall_conformance.judge import inconsistent
from testcall_conformance.plan import Selection, WorkUnit, make_plan, weight
from testcall_conformance.protocol import Capabilities, Description, SdkInfo
from testcall_conformance.worker import Done, Job, run_in_worker, run_unit, write_crashed
from testcall_contract.models import Contract
from testcall_reports.commands import check_options, write_reports
from testcall_reports.merge import merge_lines, read_parts
from testcall_reports.record import BuildLine, HostFacts, RecordLine, RunLine, VerdictLine
from testcall_reports.summary import FailOn, Summary
from testcall_reports.writer import RecordWriter, write_lines


@dataclass(frozen=True)
class RunOptions:
    """What ``testcall run`` was asked for. ``jobs`` 0: see :func:`_pools`."""

    sdks: tuple[str, ...]
    out: Path
    contract: str | None = None
    selection: Selection = field(default_factory=Selection)
    profile: str = "quick"
    seed: int = 0
    jobs: int = 0
    shard: tuple[int, int] = (1, 1)
    baseline: Path | None = None
    fail_on: FailOn = "any"
    strict: bool = False
    command: str = ""
    connect: ConnectOptions = field(default_factory=ConnectOptions)
    mutations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Build:
    """A build that was described, and its plan. ``trouble``: why it could not be described."""

    id: str
    sdk: str
    contract: str
    description: Description
    units: tuple[WorkUnit, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a run, for whoever shows it: ``done`` of ``total`` units."""

    text: str
    done: int
    total: int
    trouble: tuple[str, ...] = ()


Listener = Callable[[Progress], None]


def suite_version() -> str:
    """The version of this suite."""
    try:
        return version("testcall")
    except PackageNotFoundError:
        return "0"


def run(options: RunOptions, listener: Listener = lambda _: None, executor: Executor | None = None) -> Summary:
    """Run everything and write record and reports into ``options.out``; the summary, with the exit code."""
    if options.out.exists() and any(options.out.iterdir()):
        raise ConformanceError(f"--out {options.out}: the folder is not empty; choose another")
    check_options(baseline=options.baseline, fail_on=options.fail_on)
    builds = asyncio.run(describe_all(options))
    shards = options.out / "shards"
    jobs = [
        Job(
            b.sdk,
            b.id,
            b.contract,
            u,
            shards,
            options.seed,
            options.profile,
            suite_version(),
            options.connect,
            b.description,
        )
        for b in builds
        for u in b.units
    ]
    mine = _share(jobs, options.shard)
    _write_head(options, builds, jobs)
    _work(options, mine, builds, listener, executor)
    record = merge_lines(read_parts([shards]))
    write_lines(options.out / "record.jsonl", _consistent(record.lines, builds))
    return write_reports(options.out, baseline=options.baseline, strict=options.strict, fail_on=options.fail_on)


def _consistent(lines: Sequence[RecordLine], builds: Sequence[Build]) -> list[RecordLine]:
    """The record's lines; a build that follows a conflict's alternatives by turns fails the parts of that conflict."""
    changed: dict[tuple[str, str, str], VerdictLine] = {}
    for build in builds:
        mine = [line for line in lines if isinstance(line, VerdictLine) and line.build == build.id]
        changed |= {line.key: line for line in inconsistent(load_contract(build.contract), mine)}
    return [changed.get(line.key, line) if isinstance(line, VerdictLine) else line for line in lines]


async def describe_all(options: RunOptions) -> list[Build]:
    """Start each build's adapter once, ask what it is, and plan its units."""
    names: dict[str, int] = {}
    return [await _describe(sdk, options, names) for sdk in options.sdks]


async def _describe(sdk: str, options: RunOptions, names: dict[str, int]) -> Build:
    adapter = await connect(sdk, options=options.connect)
    trouble = ""
    try:
        description = await adapter.start()
    except AdapterFailure as failure:
        if options.contract is None:
            raise ConformanceError(
                f"--sdk {sdk}: the adapter does not say what it is ({failure}); name its contract with --contract"
            ) from None
        trouble = str(failure)
        description = Description(
            protocol=1, adapter="unknown", sdk=SdkInfo(name="unknown", version=""), contract=options.contract,
            operations=[], capabilities=Capabilities(),
        )  # fmt: skip
    finally:
        await adapter.stop()
    name = options.contract or description.contract
    contract = load_contract(name)
    identity = _build_id(sdk, description, names)
    units = make_plan(contract, description, options.selection, identity, options.profile)
    if not any(unit.tasks for unit in units):
        raise ConformanceError(f"--clause/--family select nothing of {contract.contract}; see `testcall spec show`")
    return Build(identity, sdk, name, description, tuple(units), trouble)


def load_contract(name: str) -> Contract:
    """The contract of that name, or in that YAML file."""
    from testcall_contract.loader import load, load_file

    return load_file(Path(name)) if name.endswith((".yaml", ".yml")) else load(name)


def _build_id(sdk: str, description: Description, names: dict[str, int]) -> str:
    """A short id that no other build of the run has."""
    scheme, _, rest = sdk.partition(":")
    base = rest if scheme in ("reference", "npm", "connect") else f"{description.sdk.name}@{description.sdk.version}"
    base = re.sub(r"[^\w.@/+-]+", "-", f"reference/{base}" if scheme == "reference" else base).strip("-") or scheme
    names[base] = names.get(base, 0) + 1
    return base if names[base] == 1 else f"{base}#{names[base]}"


def _share(jobs: Sequence[Job], part: tuple[int, int]) -> list[Job]:
    """The jobs of shard ``i`` of ``n``."""
    index, count = part
    return [job for number, job in enumerate(jobs) if number % count == index - 1]


def _write_head(options: RunOptions, builds: Sequence[Build], jobs: Sequence[Job]) -> None:
    name = f"run-{options.shard[0]}-of-{options.shard[1]}.jsonl"
    with RecordWriter(options.out / "shards" / name) as writer:
        writer.write(
            RunLine(
                suite_version=suite_version(), command=options.command, seed=options.seed, profile=options.profile,
                started_at=datetime.now(UTC), families=options.selection.families,
                planned_units=tuple(job.unit.id for job in jobs), host=host_facts(),
                shard="" if options.shard[1] == 1 else f"{options.shard[0]}/{options.shard[1]}",
            )
        )  # fmt: skip
        for build in builds:
            description = build.description
            writer.write(
                BuildLine(
                    id=build.id, sdk=build.sdk, name=description.sdk.name, version=description.sdk.version,
                    contract=load_contract(build.contract).contract, adapter=description.adapter,
                    is_reference=build.sdk.startswith("reference:"),
                    capabilities=tuple(n for n in ("instances", "clock", "observe", "ui") if description.capabilities.has(n)),
                    notes=(build.trouble,) if build.trouble else (),
                )
            )  # fmt: skip


def host_facts() -> HostFacts:
    """The machine, without names and paths."""
    packages = {}
    for name in ("hypothesis", "aiortc", "playwright"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 if hasattr(os, "sysconf") else 0
    return HostFacts(
        system=platform.system(), release=platform.release(), machine=platform.machine(), cpus=os.cpu_count() or 0,
        memory_mb=memory, python=platform.python_version(), packages=packages,
    )  # fmt: skip


def _work(
    options: RunOptions, jobs: Sequence[Job], builds: Sequence[Build], listener: Listener, executor: Executor | None
) -> None:
    done = 0
    order = sorted(jobs, key=lambda job: -weight(job.unit.scenes))
    pools = _pools(options, builds, executor)
    task = run_unit if executor else run_in_worker
    waiting: dict[Future[Done], Job] = {pools[_is_model(job.sdk)].submit(task, job): job for job in order}
    crashed: list[Job] = []
    try:
        for future in as_completed(waiting):
            job = waiting[future]
            try:
                finished = future.result()
            except BrokenProcessPool:
                crashed.append(job)
                continue
            except Exception as error:
                finished = write_crashed(job, f"the worker failed: {type(error).__name__}: {error}")
            done += 1
            listener(Progress(finished.unit, done, len(jobs), finished.trouble))
    finally:
        if executor is None:
            for pool in pools.values():
                pool.shutdown(cancel_futures=True)
    for job in crashed:
        done += 1
        finished = _alone(job)
        listener(Progress(finished.unit, done, len(jobs), finished.trouble))


def _is_model(sdk: str) -> bool:
    """Whether the build is our own reference, which waits far more than it works."""
    return sdk.startswith("reference:")


def _pools(options: RunOptions, builds: Sequence[Build], executor: Executor | None) -> dict[bool, Executor]:
    """Workers for builds (False) and for our reference (True).

    A worker with a build waits for a fourth of its time, so there is one more than cores; our reference waits for most of it, so it
    has two a core. ``--jobs`` is the number of workers in all. An adapter that dials in is one, and is asked by one worker.
    """
    if executor is not None:
        return {False: executor, True: executor}
    if options.jobs or any(build.sdk.startswith("connect:") for build in builds):
        pool = _processes(options.jobs or 1)
        return {False: pool, True: pool}
    cores = min(4, os.cpu_count() or 1)
    return {False: _processes(cores + 1), True: _processes(2 * cores)}


def _processes(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _alone(job: Job) -> Done:
    """Run a unit in a process of its own, after its pool had died; a second death is told in its verdicts."""
    with _processes(1) as pool:
        try:
            return pool.submit(run_unit, job).result()
        except BrokenProcessPool:
            return write_crashed(job, "the unit killed its worker process twice")


def only(options: RunOptions, clauses: Sequence[str]) -> RunOptions:
    """The same run, of these clauses only (``--rerun-failed``)."""
    return replace(options, selection=replace(options.selection, exact=frozenset(clauses)))
