"""Host facts describe the machine, not its owner."""

import getpass
import platform
from pathlib import Path

from testcall_reports.host import host_facts


def test_nothing_names_the_owner_or_a_path():
    text = host_facts(browser="Chromium 156").model_dump_json()
    assert platform.node() not in text
    assert str(Path.home()) not in text
    assert f'"{getpass.getuser()}"' not in text
    assert "/" not in text


def test_what_changes_verdicts_is_there():
    facts = host_facts(packages=("testcall", "no-such-package"))
    assert facts.cpus > 0
    assert facts.python == platform.python_version()
    assert list(facts.packages) == ["testcall"]
