"""Packed contracts load without PyYAML, and never in place of YAML that says something else."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from testcall_contract import loader
from testcall_contract.loader import load, load_core, spec_root
from testcall_contract.pack import pack


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A copy of the contracts, with a folder for packs of its own."""
    root = tmp_path / "spec"
    shutil.copytree(spec_root(), root)
    monkeypatch.setattr(loader, "spec_root", lambda: root)
    monkeypatch.setattr(loader, "PACKED", tmp_path / "packed")
    load.cache_clear()
    load_core.cache_clear()
    yield root
    load.cache_clear()
    load_core.cache_clear()


def test_a_pack_says_what_the_yaml_says(spec):
    from_yaml = [load(name) for name in loader.contract_names()]
    core = load_core()
    pack(spec, loader.PACKED)
    load.cache_clear()
    load_core.cache_clear()
    assert [load(name) for name in loader.contract_names()] == from_yaml
    assert load_core() == core


def test_packing_again_writes_only_what_has_changed(spec):
    assert len(pack(spec, loader.PACKED)) > 2
    assert pack(spec, loader.PACKED) == []
    path = spec / "calls" / "javascript-v4.yaml"
    path.write_text(path.read_text() + "# one more remark\n")
    assert pack(spec, loader.PACKED) == [loader.PACKED / "calls" / "javascript-v4.json"]


def test_an_edited_contract_wins_over_its_pack_whatever_the_clocks_say(spec):
    pack(spec, loader.PACKED)
    path = spec / "calls" / "javascript-v4.yaml"
    path.write_text(path.read_text().replace("name: generateToken", "name: makeToken", 1))
    assert path.exists()
    assert load("calls/javascript-v4").operations["generate_token"].name == "makeToken"


@pytest.mark.parametrize("spoilt", [b"", b"{", b"no hash\n{}", None])
def test_a_spoilt_pack_is_passed_over(spec, spoilt):
    pack(spec, loader.PACKED)
    packed = loader.PACKED / "calls" / "javascript-v4.json"
    digest = hashlib.sha256((spec / "calls" / "javascript-v4.yaml").read_bytes()).hexdigest().encode()
    packed.write_bytes(digest + b"\n{}" if spoilt is None else spoilt)
    assert load("calls/javascript-v4").contract == "calls/javascript-v4"


def test_a_packed_contract_needs_no_yaml(tmp_path):
    """Shown on the real folders: PyYAML is not imported for a contract that is packed, and is for one that isn't."""
    program = """
import sys
from pathlib import Path
from testcall_contract import loader
loader.PACKED = Path(sys.argv[1])
loader.load("calls/javascript-v4")
print("yaml" in sys.modules)
"""
    pack(spec_root(), tmp_path / "packed")
    for folder, imported in ((tmp_path / "packed", "False"), (tmp_path / "none", "True")):
        done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == imported


def test_a_wheel_carries_contracts_packed_and_plain(tmp_path):
    """Built from a copy, so that nobody's edit gets between packing and zipping."""
    root, copy = Path(__file__).parents[2], tmp_path / "copy"
    for name in ("contract", "simulator", "reports", "conformance", "spec", "tools"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "packed"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, copy / name)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=copy, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        plain = sorted(n for n in names if n.startswith("testcall_contract/spec/") and n.endswith(".yaml"))
        assert len(plain) > 2
        assert "testcall_contract/spec/released.txt" in names
        for name in plain:
            packed = name.replace("/spec/", "/packed/").replace(".yaml", ".json")
            digest = archive.read(packed).partition(b"\n")[0].decode()
            assert digest == hashlib.sha256(archive.read(name)).hexdigest()
