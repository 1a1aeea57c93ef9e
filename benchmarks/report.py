"""What the benchmarks print and write: one table, and one file of JSON with every value behind it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure

RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("uvicorn", "uvloop", "httptools", "websockets", "orjson", "pydantic", "pyyaml", "aiortc")


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "packages": {name: version(name) for name in PACKAGES},
    }


def load_average() -> float:
    """Processes that wanted to run, averaged over the last minute: above the number of cores the machine was busy."""
    return os.getloadavg()[0]


def print_heading(name: str, title: str) -> None:
    """Say which benchmark begins."""
    print(f"\n{name}: {title}  (load average {load_average():.1f} before)", flush=True)


def print_figures(figures: Sequence[Figure]) -> None:
    """A table: median, lowest and highest value, number of values, goal."""
    width = max((len(one.name) for one in figures), default=0)
    for one in figures:
        spread = f"[{_number(one.lowest)} – {_number(one.highest)}] n={len(one.values)}" if len(one.values) > 1 else ""
        goal = f"goal: {one.goal}" if one.goal else ""
        tail = "  ".join(part for part in (f"{spread:<26}", goal, one.note) if part).rstrip()
        print(f"  {one.name:<{width}}  {_number(one.median):>9} {one.unit:<8} {tail}", flush=True)


def write(results: Mapping[str, Mapping[str, Any]], *, full: bool) -> Path:
    """Write all results; the path of the file."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = RESULTS / f"{now:%Y%m%d-%H%M%S}.json"
    path.write_text(
        json.dumps({"at": now.isoformat(), "full": full, "machine": machine(), "results": results}, indent=1)
    )
    return path


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Figures as they stand in the file."""
    return [{**asdict(one), "median": one.median} for one in figures]


def _number(value: float) -> str:
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"
