"""Child processes: started on a core of their own, measured, and ended by their own pid."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import cpu_of

ROOT = Path(__file__).resolve().parents[1]
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
"""The server under test has a core, the load generator the other; on a machine with one core they share it."""


class Child:
    """A running child process whose first line of output was ``first_line``."""

    def __init__(self, process: subprocess.Popen[str], first_line: str, started_s: float) -> None:
        self.process = process
        self.first_line = first_line
        self.started_s = started_s
        """Seconds from its start to that line."""

    def cpu_s(self) -> float:
        """Processor time so far."""
        return cpu_of(self.process.pid)

    def tell(self, line: str) -> None:
        """Send it a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """Its next line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} ended with {self.process.wait()} while a line was awaited")
        return line.strip()


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """This process on one core for a while."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def child(command: Sequence[str], *, core: int | None = SERVER_CORE, ready: bool = True) -> Iterator[Child]:
    """Run ``command`` until the block ends; with ``ready`` its first line of output is awaited."""
    began = time.perf_counter()
    with pinned(core) if core is not None else pinned_nowhere():
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        one = Child(process, "", 0.0)
        if ready:
            one.first_line = one.hear()
            one.started_s = time.perf_counter() - began
        yield one
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def pinned_nowhere() -> Iterator[None]:
    """No change of cores."""
    yield


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this package."""
    return [sys.executable, "-m", f"benchmarks.{module}", *arguments]
