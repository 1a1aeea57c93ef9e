"""Imports run one way, and nothing heavy loads by accident."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "testcall_contract": ROOT / "contract/testcall_contract",
    "testcall_simulator": ROOT / "simulator/testcall_simulator",
    "testcall_reports": ROOT / "reports/testcall_reports",
    "testcall_conformance": ROOT / "conformance/testcall_conformance",
    "testcall": ROOT / "conformance/testcall",
}
MAY_IMPORT = {
    "testcall_contract": set(),
    "testcall_simulator": {"testcall_contract"},
    "testcall_reports": {"testcall_contract"},
    "testcall_conformance": {"testcall_contract", "testcall_simulator", "testcall_reports"},
    "testcall": {"testcall_contract", "testcall_simulator", "testcall_reports", "testcall_conformance"},
}


def imports_of(path: Path) -> set[str]:
    """The top names of all that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    ours = set(PACKAGES)
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in PACKAGES[package].rglob("*.py")
        for name in imports_of(path)
        if (top := name.partition(".")[0]) in ours and top != package and top not in MAY_IMPORT[package]
    ]
    assert not wrong


def test_the_rendering_of_reports_reads_no_contract() -> None:
    allowed = {"testcall_contract.trace", "testcall_contract.redaction"}
    wrong = [
        f"{path.name} imports {name}"
        for path in PACKAGES["testcall_reports"].rglob("*.py")
        for name in imports_of(path)
        if name.startswith("testcall_contract") and name not in allowed
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import testcall", ("pydantic", "hypothesis", "aiortc", "numpy", "playwright", "starlette")),
        ("import testcall.pytest_plugin", ("pydantic", "hypothesis", "aiortc", "numpy", "playwright", "starlette")),
        ("import testcall.cli", ("hypothesis", "aiortc", "numpy", "playwright", "starlette")),
        ("from testcall import Simulator", ("hypothesis", "aiortc", "numpy", "playwright")),
        ("import testcall_contract.loader", ("hypothesis", "aiortc", "numpy", "starlette", "httpx")),
    ],
)
def test_imports_stay_light(statement: str, unwanted: tuple[str, ...]) -> None:
    program = f"{statement}\nimport sys\nprint(*[m for m in {unwanted!r} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not loaded


def test_no_public_name_is_taken_for_a_test_by_pytest() -> None:
    import testcall

    assert not [name for name in dir(testcall) if name.lower().startswith("test")]


def test_the_face_gives_what_it_lists() -> None:
    import testcall

    for name in testcall.__all__:
        assert getattr(testcall, name) is not None
    with pytest.raises(AttributeError, match="it has ConnectOptions"):
        testcall.no_such_name  # noqa: B018
