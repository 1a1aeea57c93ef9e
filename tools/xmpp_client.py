"""Fetches the XMPP client that the tests of the signalling use, exactly as the lock file has it, into the package cache.

``python tools/xmpp_client.py`` prints the folder. Nothing of it is in the repository, and none of its scripts runs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "tests" / "simulator" / "xmpp_client"
FILES = ("package.json", "package-lock.json")


def folder() -> Path:
    """Where it is: named by what it is made from, so that another lock file is another folder."""
    content = b"".join((SOURCE / name).read_bytes() for name in FILES)
    given, base = os.environ.get("TESTCALL_CACHE"), os.environ.get("XDG_CACHE_HOME")
    cache = (
        Path(given).expanduser()
        if given
        else (Path(base) if base else Path.home() / ".cache") / "testcall" / "packages"
    )
    return cache / f"xmpp-client-{hashlib.sha256(content).hexdigest()[:16]}"


def fetch() -> Path:
    """The folder, filled if it wasn't; :class:`RuntimeError` in one line if that fails."""
    wanted = folder()
    if (wanted / "node_modules").is_dir():
        return wanted
    if shutil.which("npm") is None:
        raise RuntimeError("npm is not installed; install Node.js")
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wanted.parent) as temporary:
        made = Path(temporary) / "made"
        made.mkdir()
        for name in FILES:
            shutil.copy(SOURCE / name, made)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"npm ci failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
        try:
            made.rename(wanted)
        except OSError:  # another process was quicker
            if not (wanted / "node_modules").is_dir():
                raise
    return wanted


if __name__ == "__main__":
    try:
        print(fetch())  # noqa: T201
    except (RuntimeError, subprocess.TimeoutExpired) as problem:
        sys.exit(f"the XMPP client of the tests: {problem}")
