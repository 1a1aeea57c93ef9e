"""Which adapter an ``--sdk`` string means. The adapters themselves load when they are chosen."""

from __future__ import annotations

import importlib
from urllib.parse import parse_qsl

from testcall_conformance.adapters.base import Adapter, ConnectOptions
from testcall_conformance.errors import ConformanceError

_FORMS = "npm:NAME@VERSION, file:PATH, exec:COMMAND, connect:NAME, reference:CONTRACT"


async def connect(sdk: str, *, options: ConnectOptions | None = None) -> Adapter:
    """The adapter that ``sdk`` names, not yet started; raises :class:`ConformanceError` in one line for a wrong string.

    A package is fetched (or found in the cache) and verified here, so that its errors come before any run begins.
    """
    options = options or ConnectOptions()
    scheme, colon, rest = sdk.partition(":")
    if not colon or scheme not in {"npm", "file", "exec", "connect", "reference"}:
        raise ConformanceError(f"--sdk {sdk!r} is none of {_FORMS}")
    if not rest.strip():
        raise ConformanceError(f"--sdk {sdk!r} names nothing after the colon; the forms are {_FORMS}")
    if scheme in {"npm", "file"}:
        from testcall_conformance.adapters.browser import BrowserAdapter
        from testcall_conformance.packages import resolve

        return BrowserAdapter(await resolve(sdk, options), options)
    if scheme == "exec":
        from testcall_conformance.adapters.exec import ExecAdapter

        return ExecAdapter(rest, options)
    if scheme == "connect":
        from testcall_conformance.adapters.websocket import WebSocketAdapter

        return WebSocketAdapter(rest, options)
    return _reference(rest)


def _reference(rest: str) -> Adapter:
    contract, _, query = rest.partition("?")
    try:
        reference = importlib.import_module("testcall_conformance.reference")
        adapter: Adapter = reference.ReferenceAdapter(contract, dict(parse_qsl(query, keep_blank_values=True)))
    except (ImportError, AttributeError) as missing:
        raise ConformanceError(f"--sdk reference: is not available in this installation ({missing})") from None
    return adapter
