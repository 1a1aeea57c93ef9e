"""Other HTTP mocks, from npm, in a cache folder outside the repository: WireMock (Java) and Prism (Node.js).

Both answer the same POST of a call token as the simulator: the header must be there, the body must fit a schema. Both are told
to log nothing, and are warmed up before they are measured: WireMock is three times faster after seven seconds of work.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load import Call
from benchmarks.processes import Child, child
from testcall_simulator.openapi import openapi_document

PACKAGES = {"wiremock": "3.13.2", "@stoplight/prism-cli": "5.14.2"}
BODY = b'{"sessionId":"bench-session"}'
_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJkYXRhIjp7fX0.c2lnbmF0dXJl"
_PATH = "/testapp/call/v3.0/call_tokens"
_BODY_SCHEMA = {"type": "object", "required": ["sessionId"], "properties": {"sessionId": {"type": "string"}}}


def cache() -> Path:
    """Where the packages are: ``~/.cache/testcall/benchmark-peers`` (``XDG_CACHE_HOME`` respected)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "testcall" / "benchmark-peers"


def install() -> str | None:
    """Install what is missing; None, or why there are no peers."""
    for tool in ("npm", "node", "java"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    folder = cache()
    if all((folder / "node_modules" / name / "package.json").is_file() for name in PACKAGES):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *wanted],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else f"npm install failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}"


@contextmanager
def wiremock() -> Iterator[tuple[Child, Call]]:
    """WireMock with one stub and no request journal."""
    folder, port = cache(), _free_port()
    mappings = folder / "wiremock" / "mappings"
    mappings.mkdir(parents=True, exist_ok=True)
    stub = {
        "request": {
            "method": "POST",
            "urlPath": _PATH,
            "headers": {"authToken": {"matches": ".{6,}"}},
            "bodyPatterns": [{"matchesJsonSchema": json.dumps(_BODY_SCHEMA)}],
        },
        "response": {"status": 200, "jsonBody": {"data": {"token": _TOKEN}}},
    }
    (mappings / "call_tokens.json").write_text(json.dumps(stub))
    jar = next((folder / "node_modules" / "wiremock").rglob("wiremock-standalone*.jar"))
    command = ["java", "-jar", str(jar), "--port", str(port), "--bind-address", "127.0.0.1"]
    command += ["--root-dir", str(mappings.parent), "--no-request-journal", "--disable-banner"]
    with _started(command, port) as one:
        yield one


@contextmanager
def prism() -> Iterator[tuple[Child, Call]]:
    """Prism with the OpenAPI document that the simulator serves, silent."""
    folder, port = cache(), _free_port()
    document = folder / "openapi.json"
    document.write_text(json.dumps(openapi_document(["testapp"])))
    cli = folder / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    command = ["node", str(cli), "mock", "-h", "127.0.0.1", "-p", str(port), "-v", "silent", str(document)]
    with _started(command, port) as one:
        yield one


@contextmanager
def _started(command: list[str], port: int) -> Iterator[tuple[Child, Call]]:
    call = Call(port, "POST", _PATH, {"authToken": "alice_token_of_the_benchmark"}, BODY)
    began = time.perf_counter()
    with child(command, ready=False) as one:
        while not _answers(call):
            if one.process.poll() is not None or time.perf_counter() - began > 60:
                raise RuntimeError(f"{command[0]} did not answer; try it by hand: {' '.join(command)}")
            time.sleep(0.01)
        one.started_s = time.perf_counter() - began
        yield one, call


def _answers(call: Call) -> bool:
    headers = {**call.headers, "content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{call.port}{call.path}", call.body, headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        print(f"  answered {error.code}: {error.read()[:200]!r}", file=sys.stderr)
        return False
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
