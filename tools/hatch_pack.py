"""Build hook: packs the contracts as JSON into the package, for wheels and for editable installs."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PackContracts(BuildHookInterface[Any]):
    """Runs :mod:`testcall_contract.pack` before files are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write what isn't packed yet; ``version`` and ``build_data`` make no difference."""
        root = Path(self.root)
        sys.path.insert(0, str(root / "contract"))
        try:
            from testcall_contract.pack import pack

            pack(root / "spec")
        finally:
            sys.path.pop(0)
