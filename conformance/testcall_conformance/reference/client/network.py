"""Where names lead: TLS with the service's own certificate authority, and ``*.localhost`` without a resolver.

RFC 6761 §6.3 lets ``localhost`` names mean loopback, but not every system's resolver knows names below it. So the address is
chosen here, and the name travels on as Host and server name.
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

LOOPBACK = "127.0.0.1"


@lru_cache(maxsize=16)
def trust(ca: str | None) -> ssl.SSLContext:
    """A client context that trusts the authorities in the PEM file ``ca``, or the system's when it is ``None``."""
    return ssl.create_default_context(cafile=ca)


def is_local_name(host: str) -> bool:
    """Whether ``host`` is ``localhost`` or a name below it."""
    return host == "localhost" or host.endswith(".localhost")


def address_of(url: str) -> tuple[str, int]:
    """Host to connect to, and port, for an ``http(s)`` or ``ws(s)`` URL."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme in {"https", "wss"} else 80)
    return (LOOPBACK if is_local_name(host) else host), port


def request_parts(url: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """URL, headers and httpx extensions that reach ``url`` without a resolver for local names."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not is_local_name(host):
        return url, {}, {}
    netloc = LOOPBACK if parts.port is None else f"{LOOPBACK}:{parts.port}"
    return urlunsplit(parts._replace(netloc=netloc)), {"Host": parts.netloc}, {"sni_hostname": host}
