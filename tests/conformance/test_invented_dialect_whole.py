"""A dialect that no SDK has is one YAML file: reference SDK, simulator, suites and report handle it, with no change in Python.

The packages are run as an installation has them, with the contracts inside; one more file among these is all that there is.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from invented_dialect import INVENTED

ROOT = Path(__file__).parents[2]
LIMIT_S = 120


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the contract package and its contracts, one of which is the invented one."""
    folder = tmp_path_factory.mktemp("installed")
    package = folder / "testcall_contract"
    shutil.copytree(ROOT / "contract" / "testcall_contract", package, ignore=shutil.ignore_patterns("packed", "*.pyc"))
    shutil.copytree(ROOT / "spec", package / "spec")
    (package / "spec" / "calls" / "invented-v9.yaml").write_text(INVENTED, encoding="utf-8")
    return folder


def command(installed, *arguments):
    """The command, with the packages of ``installed`` before all others."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "CI": ""}
    line = [sys.executable, "-m", "testcall", *arguments]
    return subprocess.run(
        line, check=False, env=environment, capture_output=True, text=True, timeout=LIMIT_S, cwd=installed
    )


def test_it_is_one_of_the_contracts(installed):
    assert "calls/invented-v9" in command(installed, "spec", "show").stdout.splitlines()


def test_it_is_played_judged_and_reported(installed):
    out = installed / "out"
    done = command(installed, "run", "--sdk", "reference:calls/invented-v9", "--out", str(out), "--quiet")
    assert done.returncode in (0, 3), done.stdout + done.stderr
    told = json.loads(next(out.glob("*.json")).read_text())
    report = (out / "report.html").read_text()
    assert "X-ERR-010" in report
    assert "X-C01" in report
    assert "calls/invented-v9" in json.dumps(told)
    record = next(out.glob("*.jsonl")).read_text()
    verdicts = [json.loads(line) for line in record.splitlines() if '"kind":"verdict"' in line.replace(" ", "")]
    judged = {verdict["clause"]: verdict["verdict"] for verdict in verdicts}
    assert judged["X-C01"] == "pass"
    assert judged["X-ERR-010"] == "pass"


def test_what_it_does_on_the_wire_is_in_the_record(installed):
    """The reference SDK has joined by the names of the dialect, and the simulator has seen it."""
    record = next((installed / "out").glob("*.jsonl")).read_text()
    assert '"gaaInn"' in record
    assert '"channel":"http"' in record.replace(" ", "")
