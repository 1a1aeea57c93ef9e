"""Ids that a release had: still there, or retired for good."""

import pytest
from typer.testing import CliRunner

from testcall.cli import app
from testcall_contract import released, speccheck
from testcall_contract.loader import contract_names, load
from testcall_contract.promises import promises
from testcall_contract.released import new_ids, read_released, release_problems

LIST = """\
# a remark
A1-JOIN-010
A1-JOIN-020 retired
"""


def test_the_list_is_read_without_its_remarks():
    assert read_released(LIST) == {"A1-JOIN-010": "", "A1-JOIN-020": "retired"}


@pytest.mark.parametrize(
    ("there", "problem"),
    [
        (["A1-JOIN-010"], None),
        (["A1-JOIN-010", "A1-JOIN-030"], None),
        ([], "A1-JOIN-010 was released, and is gone"),
        (["A1-JOIN-010", "A1-JOIN-020"], "A1-JOIN-020 is retired, and used again"),
    ],
)
def test_an_id_is_kept_or_retired_for_good(there, problem):
    found = list(release_problems(read_released(LIST), there))
    assert [problem in one for one in found] == ([True] if problem else [])


def test_another_word_is_no_word():
    (problem,) = release_problems({"A1-JOIN-010": "gone"}, ["A1-JOIN-010"])
    assert "is no word for an id" in problem


def test_new_ids_are_those_that_no_release_had():
    assert new_ids(read_released(LIST), ["A1-JOIN-010", "A1-JOIN-030", "A1-JOIN-020"]) == ["A1-JOIN-030"]


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """A list of released ids of its own, in place of the project's."""
    path = tmp_path / "released.txt"
    monkeypatch.setattr(released, "released_file", lambda: path)
    monkeypatch.setattr(speccheck, "released_file", lambda: path)
    return path


def test_spec_check_finds_a_released_id_that_is_gone(listed):
    listed.write_text("JS4-NEVER-010\n")
    done = CliRunner().invoke(app, ["spec", "check"])
    assert done.exit_code == 1
    assert "JS4-NEVER-010 was released, and is gone" in done.stdout


def test_release_appends_every_id_once(listed):
    runner = CliRunner()
    first = runner.invoke(app, ["spec", "release"])
    assert first.exit_code == 0, first.output
    ids = [promise.id for name in contract_names() for promise in promises(load(name))]
    assert listed.read_text().splitlines() == ids
    assert runner.invoke(app, ["spec", "release"]).stdout.startswith("0 ids appended")
    assert runner.invoke(app, ["spec", "check"]).exit_code == 0
