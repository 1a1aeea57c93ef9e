"""The pytest plugin: the fixture ``call_simulator``, and one test item per clause and build with ``--testcall-sdk``.

Loading the plugin costs nothing: everything heavy loads when a fixture or an item needs it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from testcall_simulator.simulator import Simulator


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the plugin; they carry the project's name, so that they meet nobody else's."""
    group = parser.getgroup("testcall", "conformance of calling SDKs")
    group.addoption(
        "--testcall-sdk", action="append", default=[], metavar="SDK",
        help="judge this build: one item per clause (repeatable; npm:…, file:…, exec:…, reference:…)",
    )  # fmt: skip
    group.addoption("--testcall-contract", default=None, metavar="NAME", help="judge by this contract")
    group.addoption(
        "--testcall-clause", action="append", default=[], metavar="GLOB", help="only clauses like this (repeatable)"
    )
    group.addoption(
        "--testcall-family", action="append", default=[], metavar="GLOB", help="only families like this (repeatable)"
    )
    group.addoption("--testcall-out", default=None, metavar="DIR", help="folder for record and report")


@pytest.fixture
def call_simulator() -> Iterator[Simulator]:
    """The calling service on this machine, in a thread of its own; async acts go through ``call_simulator.run(...)``."""
    from testcall_simulator.simulator import Simulator

    with Simulator() as simulator:
        yield simulator


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the items of the builds that were asked for."""
    if config.getoption("--testcall-sdk"):
        items.extend(_clause_items(session, config))


def _clause_items(session: pytest.Session, config: pytest.Config) -> Iterator[pytest.Item]:
    import asyncio

    from testcall_conformance.errors import ConformanceError
    from testcall_conformance.plan import Selection
    from testcall_conformance.runner import RunOptions, describe_all
    from testcall_contract.errors import ContractError

    out = config.getoption("--testcall-out") or tempfile.mkdtemp(prefix="testcall-")
    selection = Selection(tuple(config.getoption("--testcall-clause")), tuple(config.getoption("--testcall-family")))
    options = RunOptions(
        sdks=tuple(config.getoption("--testcall-sdk")),
        out=Path(out) / "run",
        contract=config.getoption("--testcall-contract"),
        selection=selection,
    )
    try:
        builds = asyncio.run(describe_all(options))
    except (ConformanceError, ContractError) as error:
        raise pytest.UsageError(str(error)) from None
    played = _Played(options)
    for build in builds:
        for clause in dict.fromkeys(task.promise for unit in build.units for task in unit.tasks):
            yield ClauseItem.from_parent(
                session, name=f"{build.id}::{clause}", played=played, build=build.id, clause=clause
            )


class _Played:
    """The run behind all items: made when the first item runs, read by all."""

    def __init__(self, options: Any) -> None:
        self.options = options
        self._verdicts: dict[tuple[str, str], Any] | None = None

    def verdict(self, build: str, clause: str) -> Any:
        """The verdict (or finding) on a clause of a build."""
        if self._verdicts is None:
            from testcall_conformance.runner import run
            from testcall_reports.reader import read_record

            run(self.options)
            record = read_record(self.options.out)
            self._verdicts = {(f.build, f.id): f for f in record.findings}
            self._verdicts |= {(v.build, v.clause): v for v in record.verdicts}
        return self._verdicts.get((build, clause))


class ClauseFailure(Exception):  # noqa: N818 - shown as such by pytest
    """A clause that was not kept, or could not be judged for an error of ours."""


class ClauseItem(pytest.Item):
    """One clause on one build."""

    def __init__(self, *, played: _Played, build: str, clause: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.played = played
        self.build = build
        self.clause = clause

    def runtest(self) -> None:
        """Look the verdict up; the first item plays the whole run."""
        verdict = self.played.verdict(self.build, self.clause)
        if verdict is None:
            raise ClauseFailure(f"{self.clause}: no verdict was written for {self.build}")
        if verdict.kind == "finding":
            return
        told = f"{verdict.text}\nexpected: {verdict.expected}\nseen: {verdict.seen or verdict.reason}"
        if verdict.source:
            told += f"\nsource: {verdict.source.title}, {verdict.source.heading} {verdict.source.url}"
        if verdict.verdict == "not_run":
            pytest.skip(verdict.reason)
        if verdict.verdict == "fail" and verdict.level != "must":
            pytest.xfail(told)
        if verdict.verdict in ("fail", "error", "inconclusive", "unexpected_pass"):
            raise ClauseFailure(told)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The clause, what was expected and what was seen; no stack."""
        if isinstance(excinfo.value, ClauseFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, int | None, str]:
        """Where pytest says that the item is."""
        return "testcall", None, self.name
