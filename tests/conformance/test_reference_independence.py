"""The reference SDK judges nothing and shares no stanza code: what it may import, and that this check can fail."""

import ast
import subprocess
import sys
from pathlib import Path

import testcall_conformance.reference as reference

ROOT = Path(reference.__file__).parent

FORBIDDEN_PACKAGES = ("testcall_simulator", "testcall_reports", "testcall")
ALLOWED_CONTRACT = {
    "testcall_contract.models",
    "testcall_contract.loader",
    "testcall_contract.shapes",
    "testcall_contract.errors",
}
ALLOWED_CONFORMANCE = {
    "testcall_conformance.errors",
    "testcall_conformance.protocol",
    "testcall_conformance.values",
    "testcall_conformance.adapters.base",
}


def imported(source: str) -> set[str]:
    """Every module that a file imports, lazily or not."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports here are absolute"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names if alias.name.islower())
    return found


def offences(source: str) -> list[str]:
    """Imports of ``source`` that the reference SDK must not have."""
    wrong = []
    for module in imported(source):
        top = module.split(".")[0]
        ours = module.startswith("testcall_conformance.reference")
        allowed = {"testcall_contract": ALLOWED_CONTRACT, "testcall_conformance": ALLOWED_CONFORMANCE}.get(top, {""})
        if top in FORBIDDEN_PACKAGES or not (ours or module == top or module.startswith(tuple(allowed))):
            wrong.append(module)
    return wrong


def test_the_reference_sdk_imports_neither_oracle_nor_simulator():
    files = sorted(ROOT.rglob("*.py"))
    assert len(files) > 10
    assert {str(path.relative_to(ROOT)): offences(path.read_text()) for path in files} == {
        str(path.relative_to(ROOT)): [] for path in files
    }


def test_the_client_knows_no_contract_and_no_adapter():
    for path in sorted((ROOT / "client").rglob("*.py")):
        outside = {module for module in imported(path.read_text()) if module.startswith("testcall_")}
        assert all(module.startswith("testcall_conformance.reference.client") for module in outside), path


def test_this_check_can_fail():
    assert "testcall_simulator.xmpp" in offences("from testcall_simulator.xmpp import muc")
    assert offences("def f():\n    import testcall_contract.machine\n") == ["testcall_contract.machine"]
    assert offences("from testcall_conformance.judge import verdict") != []
    assert offences("from testcall_contract.models import Contract") == []


def test_loading_it_loads_neither_simulator_nor_oracle_nor_media():
    code = (
        "import sys, testcall_conformance.reference.adapter, testcall_conformance.reference.operations;"
        "print(*sorted({name.split('.')[0] for name in sys.modules} | {name for name in sys.modules if 'machine' in name}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "testcall_conformance" in loaded
    forbidden = {"testcall_simulator", "testcall_reports", "aiortc", "av", "numpy", "hypothesis", "playwright"}
    assert forbidden & set(loaded) == set()
    assert "testcall_contract.machine" not in loaded
