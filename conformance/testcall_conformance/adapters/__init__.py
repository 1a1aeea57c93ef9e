"""Adapters: what lets testcall drive an SDK build, in any language. :func:`connect` makes one of an ``--sdk`` string."""

from __future__ import annotations

from testcall_conformance.adapters.base import Adapter, ConnectOptions, Limits
from testcall_conformance.adapters.choose import connect

__all__ = ["Adapter", "ConnectOptions", "Limits", "connect"]
