"""Lines of standard input in an event loop: how the children of a benchmark are told what to do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator


async def lines_of_stdin() -> AsyncIterator[str]:
    """Each line that comes, until the end."""
    reader = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line.decode().strip()
