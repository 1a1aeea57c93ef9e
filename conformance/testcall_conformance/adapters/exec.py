"""``exec:`` an adapter as a child process: messages over stdin and stdout, its stderr into the log.

The command line is split like a shell would and run without one, in a process group of its own, so that ending the adapter
ends its children. A child that keeps the pipe open after the adapter died delays nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import Callable
from typing import cast

from testcall_conformance.adapters.base import ConnectOptions, Limits
from testcall_conformance.adapters.jsonrpc import Peer, Transport
from testcall_conformance.adapters.remote import RemoteAdapter
from testcall_conformance.errors import AdapterFailure, ConformanceError
from testcall_conformance.protocol import Log

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_LAST_WORDS_S = 0.2  # after its exit: time for what the child wrote before dying to come out of the pipe
_TERM_S = 2.0  # after SIGTERM, before SIGKILL


def command_of(line: str) -> list[str]:
    """The words of ``exec:``'s command; raises :class:`ConformanceError` for an empty or unbalanced one."""
    try:
        words = shlex.split(line)
    except ValueError as wrong:
        raise ConformanceError(
            f"--sdk exec: the command {line!r} cannot be split ({wrong}); check its quotes"
        ) from None
    if not words:
        raise ConformanceError('--sdk exec: names no command; write for example --sdk "exec:node adapter.js"')
    return words


class ExecAdapter(RemoteAdapter):
    """An adapter that runs as a child of the runner."""

    def __init__(self, command: str, options: ConnectOptions) -> None:
        super().__init__(options)
        self._command = command_of(command)
        self._child: _Child | None = None

    async def _connect(self) -> Peer:
        child = _Child(self._limits, self._log)
        environment = {**os.environ, **self._options.environment}
        loop = asyncio.get_running_loop()
        try:
            await loop.subprocess_exec(
                lambda: child,
                *self._command,
                env=environment,
                cwd=self._options.working_directory,
                start_new_session=True,
            )
        except OSError as wrong:
            reason = wrong.strerror or str(wrong)
            raise AdapterFailure("start", f"cannot run {self._command[0]!r}: {reason}") from None
        self._child = child
        return Peer(child, self._limits, self._deliver)

    async def _disconnect(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.end()

    def _log(self, text: str) -> None:
        self._deliver(Log(text=text, data={"source": "stderr"}))


class _Child(Transport, asyncio.SubprocessProtocol):
    """The pipes of one child process, as a transport of the peer."""

    def __init__(self, limits: Limits, log: Callable[[str], None]) -> None:
        super().__init__()
        self._limits = limits
        self._log = log
        self._log_left = limits.log_bytes
        self._partial = {_STDOUT: bytearray(), _STDERR: bytearray()}
        self._exited = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._process: asyncio.SubprocessTransport | None = None

    # --- what the event loop calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._process = cast("asyncio.SubprocessTransport", transport)  # uvloop's is one without inheriting from it

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        partial = self._partial[fd]
        partial += data
        *lines, rest = partial.split(b"\n")
        self._partial[fd] = rest
        for line in lines:
            self._line(fd, bytes(line))
        if fd == _STDOUT and len(rest) > self._limits.line_bytes:
            self._line(fd, bytes(rest))  # over the limit whether or not its end ever comes
            rest.clear()
        elif fd == _STDERR and len(rest) > self._limits.log_bytes:
            self._line(fd, bytes(rest))
            rest.clear()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == _STDOUT and not self._exited.is_set():
            self._lost_soon()
        self._writable.set()

    def process_exited(self) -> None:
        self._exited.set()
        self._writable.set()
        self._lost_soon()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # --- what the peer calls ---

    async def send(self, line: bytes) -> None:
        assert self._process is not None
        stdin = cast("asyncio.WriteTransport | None", self._process.get_pipe_transport(_STDIN))
        if stdin is not None and not stdin.is_closing():
            stdin.write(line + b"\n")
        await self._writable.wait()

    async def end(self) -> None:
        """End the whole process group: closed stdin, SIGTERM, SIGKILL; then close the pipes."""
        if self._process is None:
            return
        stdin = self._process.get_pipe_transport(_STDIN)
        if stdin is not None:
            stdin.close()
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._exited.wait(), _TERM_S)
        self._signal(signal.SIGKILL)
        await self._exited.wait()
        self._flush_log()
        self._process.close()

    # --- inside ---

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.get_pid(), number)

    def _code(self) -> int | None:
        return self._process.get_returncode() if self._process is not None else None

    def _lost_soon(self) -> None:
        """Report the loss once the last words are read; by then its exit code most often says why stdout closed."""

        def report() -> None:
            how = _how(self._code()) if self._exited.is_set() else "closed its stdout"
            self.lost(AdapterFailure("crash", f"the process {how}"))

        asyncio.get_running_loop().call_later(_LAST_WORDS_S, report)

    def _line(self, fd: int, line: bytes) -> None:
        if fd == _STDOUT:
            if line.strip():
                self.received(line)
            return
        if self._log_left <= 0:
            return
        self._log_left -= len(line) + 1
        text = line.decode("utf-8", "backslashreplace")[: self._limits.log_bytes].rstrip()
        if text:
            self._log(text)
        if self._log_left <= 0:
            self._log(f"(more than {self._limits.log_bytes} bytes on stderr; the rest is dropped)")

    def _flush_log(self) -> None:
        rest = bytes(self._partial[_STDERR])
        self._partial[_STDERR] = bytearray()
        if rest:
            self._line(_STDERR, rest)


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended with exit code {code}"
