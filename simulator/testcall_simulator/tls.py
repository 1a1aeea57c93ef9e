"""A certificate authority of our own and a certificate for every name that leads to the simulator.

Made anew for each simulator (a few milliseconds), kept in a directory that lives as long as it. A browser is told to trust
it or to ignore errors; other clients take the authority's PEM file.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from testcall_simulator.http.addressing import NAMED
from testcall_simulator.world import REGIONS

_REGION_HOSTS = ("call", "api", "apiclient", "websocket")


@dataclass(frozen=True, slots=True)
class Certificates:
    """The server's TLS context, and the authority that clients are to trust: PEM, and the path of a file that holds it."""

    context: ssl.SSLContext
    ca_pem: bytes
    ca_path: Path


def server_names(host: str, app_ids: Iterable[str] = ()) -> list[str]:
    """All names and addresses that a client may call the simulator by.

    ``*.localhost`` alone would do for a browser; OpenSSL wants two dots behind a wildcard, so that the names are listed.
    """
    names = ["localhost", "*.localhost", "127.0.0.1", "::1"]
    names += [f"{prefix}{label}.localhost" for label in NAMED for prefix in ("", "*.")]
    for region in REGIONS:
        names += [f"*.{kind}-{region}.cometchat.io" for kind in _REGION_HOSTS]
        names += [
            f"xmpp.rtc-{region}.cometchat.io",
            f"*.xmpp.rtcv5-{region}.cometchat.io",
            f"metrics-{region}.cometchat.io",
        ]
    names += [f"{app}.{kind}-{region}.cometchat.io" for app in app_ids for kind in _REGION_HOSTS for region in REGIONS]
    if host not in names and host not in ("", "0.0.0.0", "::"):
        names.append(host)
    return names


def make_certificates(directory: Path, names: Iterable[str]) -> Certificates:
    """An authority, its PEM file in ``directory``, and a server context with a certificate for ``names``."""
    import trustme

    authority = trustme.CA(organization_name="testcall simulator")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    ca_pem = authority.cert_pem.bytes()
    ca_path = directory / "testcall-ca.pem"
    ca_path.write_bytes(ca_pem)
    return Certificates(context, ca_pem, ca_path)
