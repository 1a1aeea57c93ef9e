"""What `testcall simulate` leaves behind: no token in a log, no folder of a process that was killed."""

import logging
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from websockets.asyncio.client import connect

from testcall_simulator import Simulator
from testcall_simulator.directories import new_directory


async def test_no_token_is_logged_however_much_is(caplog):
    async with Simulator() as sim:
        token = sim.world.issue_call_token(sim.world.user("alice"), "s")
        with caplog.at_level(logging.DEBUG):
            async with connect(f"{sim.addresses.plain_xmpp}?token={token}", subprotocols=["xmpp"]):
                pass
            await sim.trace.wait(lambda event: event.name == "socket_closed", timeout_s=20)
    told = [record for record in caplog.records if not record.name.startswith("websockets.client")]
    assert any("WebSocket" in record.getMessage() for record in told)
    assert token not in "".join(record.getMessage() for record in told)


def test_the_folder_of_a_process_that_was_killed_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = "from testcall.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "simulate"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    while "Ctrl-C" not in process.stdout.readline():
        assert process.poll() is None
    (left,) = tmp_path.iterdir()
    mine = new_directory()
    assert left.is_dir(), "it still runs"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert left.is_dir()
    other = new_directory()
    assert sorted(tmp_path.iterdir()) == sorted([mine, other])


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("testcall-simulator-1-init", "testcall-simulator-notes", "elsewhere"):
        Path(tmp_path / name).mkdir()
    new_directory()
    assert len(list(tmp_path.iterdir())) == 4
