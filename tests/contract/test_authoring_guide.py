"""What the authoring guide shows is sound, and what it names is there."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from testcall.cli import app
from testcall_contract.models import Basis, Clause, Source
from testcall_contract.rules import RULES
from testcall_contract.shapes import COMBINATORS, WORDS
from testcall_contract.speccheck import check_contracts

ROOT = Path(__file__).parents[2]
BOUND = frozenset(name for name, rule in RULES.items() if not rule.needs_test)
GUIDE = (ROOT / "docs" / "authoring.md").read_text()


def test_the_small_contract_of_the_guide_is_sound(tmp_path):
    (text,) = re.findall(r"```yaml\n(contract:.*?)```", GUIDE, re.DOTALL)
    path = tmp_path / "example-v1.yaml"
    path.write_text(text)
    assert check_contracts([path], BOUND) == []


def test_the_guide_names_every_basis_kind_and_shape():
    for words in (Basis.__args__, Source.model_fields["kind"].annotation.__args__, WORDS, COMBINATORS):
        assert [word for word in words if f"`{word}" not in GUIDE] == []
    for field in ("id", "rule", "basis", "level", "source", "hash", "text"):
        assert field in Clause.model_fields
        assert f"**{field}**" in GUIDE


@pytest.mark.parametrize("path", re.findall(r"`((?:contract|spec|docs)/[\w/.-]+\.(?:py|yaml|json))`", GUIDE))
def test_files_that_the_guide_names_are_there(path):
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"spec (\w+)", GUIDE))))
def test_commands_that_the_guide_names_are_there(command):
    assert CliRunner().invoke(app, ["spec", command, "--help"]).exit_code == 0
