"""Small records out of verdicts, and the large made-up run."""

from datetime import UTC, datetime

import pytest
from fake_run import fake_run

from testcall_reports.reader import Record
from testcall_reports.record import BuildLine, FooterLine, RunLine, VerdictLine

WHEN = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def verdict():
    """``verdict("C-1", "fail")``: a verdict line with sensible values for all that isn't given."""

    def make(clause="C-1", word="pass", **changes):
        values = {
            "unit": "u1",
            "build": "b",
            "contract": "c",
            "clause": clause,
            "text": f"Text of {clause}.",
            "family": "events",
        }
        values |= {"verdict": word}
        if word in ("holds", "differs"):
            values["counts"] = False
        elif word != "pass":
            values |= {"attribution": "sdk", "reason": f"reason of {clause}"}
        return VerdictLine(**{**values, **changes})

    return make


@pytest.fixture
def record():
    """``record(line, …)``: a whole record around these lines, builds ``b`` and whatever the lines name."""

    def make(*lines, footer=True, **run):
        builds = [line for line in lines if isinstance(line, BuildLine)]
        if not builds:
            names = dict.fromkeys(["b", *(line.build for line in lines if isinstance(line, VerdictLine))])
            builds = [
                BuildLine(id=name, sdk=f"npm:pkg@{name}", name="SDK", version=name, contract="c") for name in names
            ]
        rest = [line for line in lines if not isinstance(line, BuildLine)]
        end = [FooterLine(finished_at=WHEN)] if footer else []
        return Record((RunLine(suite_version="0.1.0", started_at=WHEN, **run), *builds, *rest, *end))

    return make


@pytest.fixture(scope="session")
def large_record():
    """Three builds, some 600 clauses."""
    return Record(tuple(fake_run()))
