"""The main command, whole: wall and processor time of ``testcall run`` for each of the builds that ``make run`` judges.

Processor time is that of the command and of all that it started: workers, browser, Node.js. Those that outlive who started them
are left to this process (Linux: PR_SET_CHILD_SUBREAPER), for else their time would be nobody's. The full form also judges all
of them in one command, as ``make run`` does.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure, figure
from benchmarks.processes import ROOT

TITLE = "`testcall run`, quick profile"

BUILDS = {
    "reference v5": "reference:calls/javascript-v5",
    "reference v4": "reference:calls/javascript-v4",
    "real 4.2.6": "npm:@cometchat/calls-sdk-javascript@4.2.6",
}


_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_FAREWELL_S = 5.0


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on the wall and on processors, and the summary that the run printed."""

    wall_s: float
    cpu_s: float
    summary: dict[str, Any]


def measure(*, full: bool) -> list[Figure]:
    """Each build once (three times when full), then all together when full."""
    _adopt_orphans()
    _spend(["fetch", BUILDS["real 4.2.6"]])
    rounds = 3 if full else 1
    spent: dict[str, list[Spent]] = {name: [] for name in BUILDS}
    for _ in range(rounds):
        for name, sdk in BUILDS.items():
            spent[name].append(judge([sdk]))
    if full:
        spent["all three at once"] = [judge(list(BUILDS.values()))]
    figures = []
    for name, runs in spent.items():
        figures.append(figure(f"{name}, wall", "s", [one.wall_s for one in runs], note=_said(runs[-1].summary)))
        figures.append(figure(f"{name}, all processes", "s CPU", [one.cpu_s for one in runs]))
    together = [sum(spent[name][n].wall_s for name in BUILDS) for n in range(rounds)]
    return [*figures, figure("one after another, wall", "s", together, goal="about 180 at once on two free cores")]


def judge(sdks: list[str]) -> Spent:
    """One run with its record and reports in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as out:
        words = [word for sdk in sdks for word in ("--sdk", sdk)]
        return _spend(["run", *words, "--quiet", "--json", "--out", str(Path(out) / "run")])


def _spend(words: list[str]) -> Spent:
    command = [str(Path(sys.executable).with_name("testcall")), *words]
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        cpu = usage.ru_utime + usage.ru_stime + _cpu_of_orphans()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode not in (0, 1, 3):  # 1: a clause failed, 3: something could not be judged
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    summary = json.loads(text) if "--json" in words else {}
    return Spent(wall, cpu, summary)


def _adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _cpu_of_orphans() -> float:
    """Seconds of those that were left to us and have ended, or end soon."""
    cpu, until = 0.0, time.perf_counter() + _FAREWELL_S
    while time.perf_counter() < until:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu
        cpu += usage.ru_utime + usage.ru_stime
        if not pid:
            time.sleep(0.05)
    return cpu


def _said(summary: dict[str, Any]) -> str:
    """How much was judged, for a run that judged nothing is fast."""
    judged = sum(one.get("judged", 0) for one in summary.get("builds", []))
    return f"{judged} judged, exit code {summary.get('exit_code')}"
