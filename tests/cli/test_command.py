"""The command: results on stdout, one line and exit code 2 for a user's mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def command(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "testcall", *arguments], capture_output=True, text=True, cwd=cwd, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], "--sdk"),
        (["run", "--sdk", "nonsense"], "none of npm:NAME@VERSION"),
        (["run", "--sdk", "npm:@cometchat/calls-sdk-javascript@99.9.9"], "99.9.9"),
        (["run", "--sdk", "reference:calls/no-such"], "no-such"),
        (["run", "--sdk", "file:/no/such/file.js"], "/no/such/file.js"),
        (["run", "--sdk", "reference:calls/javascript-v4", "--clause", "NO-SUCH-*"], "select nothing"),
        (["run", "--sdk", "reference:calls/javascript-v4", "--shard", "5/4"], "--shard"),
        (["run", "--sdk", "reference:calls/javascript-v4", "--rerun-failed", "/no/such"], "/no/such"),
        (["run", "--sdk", "reference:calls/javascript-v4", "--baseline", "/no/such"], "/no/such"),
        (["run", "--sdk", "reference:calls/javascript-v4", "--fail-on", "new"], "--baseline"),
        (["simulate", "--port", "99999"], "--port"),
        (["spec", "show", "calls/no-such"], "no contract"),
        (["report", "/no/such"], "/no/such"),
        (["compare", "/no/such", "/no/such"], "/no/such"),
        (["no-such-command"], "No such command"),
        (["doctor", "--need", "luck"], "luck"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], says: str, tmp_path: Path) -> None:
    ended = command(*arguments, cwd=tmp_path)
    assert ended.returncode == 2, ended.stderr
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr


def test_a_run_ends_with_the_path_of_the_report(tmp_path: Path) -> None:
    ended = command(
        "run", "--sdk", "reference:calls/javascript-v4", "--clause", "JS4-INIT-0[12]0", "--out", "out", cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1] == "out/report.html"
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "record.jsonl", "report.html", "junit.xml", "summary.json",
    }  # fmt: skip


def test_json_prints_the_summary_and_nothing_else(tmp_path: Path) -> None:
    ended = command(
        "run", "--sdk", "reference:calls/javascript-v4", "--clause", "JS4-INIT-010", "--json", "--quiet", cwd=tmp_path
    )
    assert json.loads(ended.stdout)["exit_code"] == ended.returncode == 0
    assert ended.stderr == ""


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    ended = command("run", "--sdk", "reference:calls/javascript-v4", "--out", "out", cwd=tmp_path)
    assert ended.returncode == 2
    assert "not empty" in ended.stderr
    assert (tmp_path / "out/mine.txt").read_text() == "mine"


def test_shards_are_merged_to_the_whole(tmp_path: Path) -> None:
    for part in ("1/2", "2/2"):
        command(
            "run", "--sdk", "reference:calls/javascript-v4", "--clause", "JS4-INIT-0*", "--shard", part,
            "--out", f"part-{part[0]}", cwd=tmp_path,
        )  # fmt: skip
    merged = command("merge", "part-1", "part-2", "--out", "whole", cwd=tmp_path)
    assert merged.stdout.splitlines()[-1] == "whole/report.html", merged.stderr
    summary = json.loads((tmp_path / "whole/summary.json").read_text())
    assert not summary["missing_units"]


def test_the_contracts_are_listed() -> None:
    assert {"calls/javascript-v4", "calls/javascript-v5"} <= set(command("spec", "show").stdout.split())
