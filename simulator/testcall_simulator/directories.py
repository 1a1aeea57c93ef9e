"""The folder of a running simulator, which holds its certificate. What was left by one that was killed is swept up by the next."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

_PREFIX = "testcall-simulator-"
_OWNER = re.compile(rf"{_PREFIX}(\d+)-")


def new_directory() -> Path:
    """A new folder, named by this process; those of our own processes that are gone are removed."""
    made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    for left in made.parent.glob(f"{_PREFIX}*"):
        owner = _OWNER.match(left.name)
        if owner is not None and _is_left_over(left, int(owner[1])):
            shutil.rmtree(left, ignore_errors=True)
    return made


def _is_left_over(folder: Path, pid: int) -> bool:
    """Whether the process that made ``folder`` is gone, and was of this user."""
    try:
        if folder.stat().st_uid != os.getuid():
            return False
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
