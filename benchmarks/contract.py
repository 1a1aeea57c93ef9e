"""Loading the contracts, and how long the light commands take to start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Figure, cpu_ms, figure, paired, ratio
from benchmarks.processes import ROOT

TITLE = "loading contracts, starting light commands"

_PACKED = """
import pathlib, time
from testcall_contract import loader
loader.PACKED = pathlib.Path({packed!r})
began = time.process_time()
for name in {names!r}:
    packed = loader._packed(name, loader.spec_root() / f"{{name}}.yaml", loader.Contract)
    assert packed is not None
print((time.process_time() - began) * 1000)
"""
LIGHT = (["--help"], ["spec", "show", "calls/javascript-v4"], ["doctor"])
"""Commands that load neither media nor browser."""


def measure(*, full: bool) -> list[Figure]:
    """YAML against the bare C loader on the same files, the packed form in a fresh process, commands as a user starts them."""
    rounds = 15 if full else 5
    return [*_yaml(rounds), *_packed(rounds), *_commands(9 if full else 3)]


def _yaml(rounds: int) -> list[Figure]:
    import yaml

    from testcall_contract.loader import contract_files
    from testcall_contract.models import Contract
    from testcall_contract.plain import parse

    files = contract_files()
    texts = {str(path): path.read_text(encoding="utf-8") for path in files}
    data = {path: parse(text, path) for path, text in texts.items()}
    sides = paired(
        {
            "ours": lambda: cpu_ms(lambda: [parse(text, path) for path, text in texts.items()]),
            "bare": lambda: cpu_ms(lambda: [yaml.load(text, yaml.CSafeLoader) for text in texts.values()]),
            "models": lambda: cpu_ms(lambda: [Contract.model_validate(one) for one in data.values()]),
        },
        rounds,
    )
    lines = sum(text.count("\n") for text in texts.values())
    return [
        figure("YAML, our loader", "ms", sides["ours"], note=f"CPU, {len(files)} contracts, {lines:,} lines"),
        figure("YAML, bare C loader", "ms", sides["bare"]),
        ratio("YAML, ours to bare", sides["ours"], sides["bare"], goal="at most 1.3"),
        figure("checking against the models", "ms", sides["models"], note="pydantic; in both forms of loading"),
    ]


def _packed(rounds: int) -> list[Figure]:
    from testcall_contract.loader import contract_names, spec_root
    from testcall_contract.pack import pack

    names = contract_names()
    one = "calls/javascript-v4"
    with tempfile.TemporaryDirectory() as packed:
        pack(spec_root(), Path(packed))
        whole = [_fresh(_PACKED.format(packed=packed, names=names)) for _ in range(rounds)]
        single = [_fresh(_PACKED.format(packed=packed, names=[one])) for _ in range(rounds)]
    return [
        figure(f"packed {one}, beyond imports", "ms", single, goal="under 30", note="CPU, fresh process"),
        figure(f"packed, all {len(names)}, beyond imports", "ms", whole, goal="under 30 each"),
    ]


def _fresh(code: str) -> float:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return float(json.loads(done.stdout))


def _commands(rounds: int) -> list[Figure]:
    sides = {"python -c pass": [sys.executable, "-c", "pass"]}
    command = str(Path(sys.executable).with_name("testcall"))
    sides |= {f"testcall {' '.join(words)}": [command, *words] for words in LIGHT}
    spent = paired({name: lambda argv=argv: _cpu_ms(argv) for name, argv in sides.items()}, rounds)
    return [figure(name, "ms", values, note="CPU, whole process") for name, values in spent.items()]


def _cpu_ms(argv: list[str]) -> float:
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return (usage.ru_utime + usage.ru_stime) * 1000
