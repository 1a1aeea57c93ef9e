"""Packs contracts as JSON, for loading without PyYAML: ``python -m testcall_contract.pack``.

``make setup`` and the build of the wheel run it. A pack names the SHA-256 of the YAML that it was made of, and the loader
takes it for no other: an old pack never wins over an edited contract. Needs PyYAML only, so that a build can run it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from testcall_contract.errors import ContractError
from testcall_contract.plain import decode, parse

OUT = Path(__file__).resolve().parent / "packed"


def pack(spec: Path, out: Path = OUT) -> list[Path]:
    """Write a packed form of each YAML file under ``spec`` that has no current one to ``out``; return what was written."""
    written = []
    for path in sorted([spec / "core.yaml", *spec.glob("*/*.yaml")]):
        raw = path.read_bytes()
        target = out / path.relative_to(spec).with_suffix(".json")
        digest = hashlib.sha256(raw).hexdigest()
        if not _is_of(target, digest):
            _write(target, digest, parse(decode(raw, str(path)), str(path)))
            written.append(target)
    return written


def _is_of(target: Path, digest: str) -> bool:
    try:
        with target.open("rb") as file:
            return file.read(64) == digest.encode()
    except OSError:
        return False


def _write(target: Path, digest: str, data: Any) -> None:
    """Write atomically: whoever loads meanwhile sees the old pack or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    scratch = target.with_suffix(f".{os.getpid()}.part")
    scratch.write_text(f"{digest}\n{body}", encoding="utf-8")
    scratch.replace(target)


def main(arguments: list[str]) -> int:
    """Pack the repository's contracts; 1 where one of them can't be read."""
    try:
        written = pack(Path(__file__).resolve().parents[2] / "spec")
    except ContractError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if "--quiet" not in arguments:
        sys.stderr.write(f"packed {len(written)} files in {OUT}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
