"""Where a request arrives, and the addresses that lead back here.

The service has several hosts; here they are all one server. Three forms of address are understood, by Host or by path:

====================  =============================================================  ==================================
form                  address                                                        for whom
====================  =============================================================  ==================================
named                 ``https://calls.localhost:PORT/v3.0/…``                        browsers: no resolver rule needed
region                ``https://<app>.call-us.cometchat.io/v3.0/…``                  resolver rules, respx: nothing changed in the app
path                  ``http://127.0.0.1:PORT/<app>/call/v3.0/…``                    whoever resolves no names; plain or TLS
====================  =============================================================  ==================================

``named`` also takes an app in front (``<app>.calls.localhost``). The API version may be ``v3.0``, ``v3`` or left out: the
documentation writes v3, the SDKs v3.0, and a host override of the Chat SDK neither.

A request is answered with addresses of its own form, so that what the caller is told to dial next leads back here too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

Surface = Literal["call", "api", "apiclient", "management", "files", "xmpp", "chat", "metrics", "pages", "elsewhere"]
"""Which of the service's hosts is meant: calls API, admin REST API, client API, management API, recordings and transcripts, signalling, the Chat SDK's socket, analytics,
the test's own pages, or none of ours."""

Form = Literal["named", "region", "path"]

NAMED: dict[str, Surface] = {
    "calls": "call",
    "api": "api",
    "client": "apiclient",
    "apimgmt": "management",
    "files": "files",
    "xmpp": "xmpp",
    "chat": "chat",
    "metrics": "metrics",
    "app": "pages",
}
"""First label of ``*.localhost`` → surface."""

_PATH_SURFACES: dict[str, Surface] = {"call": "call", "api": "api", "apiclient": "apiclient", "metrics": "metrics"}
_PATHS: dict[str, Surface] = {"/xmpp-websocket": "xmpp", "/room-size": "xmpp", "/": "chat"}
"""Paths without an app, for SDKs whose settings take a host and no path."""
_PREFIXES: tuple[Surface, ...] = ("management", "files")
"""First segments of paths without an app, and the surfaces that they lead to."""
_MANAGEMENT_HOST = "apimgmt.cometchat.io"
_VERSION = re.compile(r"^/v3(?:\.0)?(?=/|$)")
_CLUSTERS = r"(?:cometchat\.io|cc-cluster-2\.io|cc-edge-2\.io)"
_REGION_API = re.compile(rf"^(?P<app>[^.]+)\.(?P<surface>call|apiclient|api)-(?P<region>[a-z]+)\.{_CLUSTERS}$")
_REGION_XMPP = re.compile(rf"^(?:xmpp\.rtc|(?P<app>[^.]+)\.xmpp\.rtcv5)-(?P<region>[a-z]+)\.{_CLUSTERS}$")
_REGION_CHAT = re.compile(rf"^(?P<app>[^.]+)\.websocket-(?P<region>[a-z]+)\.{_CLUSTERS}$")
_REGION_METRICS = re.compile(rf"^metrics-(?P<region>[a-z]+)\.{_CLUSTERS}$")
_NAMED_HOST = re.compile(rf"^(?:(?P<app>[^.]+)\.)?(?P<label>{'|'.join(NAMED)})\.localhost$")
_HTTPS = 443
_PATH_FORM = re.compile(rf"^/(?P<app>[^/]+)/(?P<surface>{'|'.join(_PATH_SURFACES)})(?P<rest>/.*|$)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request arrived.

    The app and region that the address names are None if it names none; ``path`` is within the surface, without API version.
    """

    surface: Surface
    form: Form
    path: str
    app_id: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that lead back here.

    ``domain`` is the XMPP domain and the WEBRTC_HOST of SDK 4, which dials ``wss://xmpp.<domain>/xmpp-websocket``;
    ``service_url`` is what SDK 5 dials. The rest is for the Chat SDK, which always dials with TLS: ``admin_host`` and
    ``client_host`` are what stands between ``https://`` and the API version, ``chat_host`` has no port.
    """

    domain: str
    service_url: str
    analytics_host: str
    admin_host: str
    client_host: str
    chat_host: str
    chat_port: int

    @property
    def muc(self) -> str:
        """The domain of the rooms."""
        return f"conference.{self.domain}"

    @property
    def recorder(self) -> str:
        """The domain of recorders, whom SDK 5 doesn't show."""
        return f"recorder.{self.domain}"


def locate(host: str, path: str) -> Place:
    """The place that ``host`` (no port) and ``path`` name."""
    host = host.lower()
    if host.endswith(".localhost"):
        return _named_place(host, path)
    if host.endswith(".io"):
        return _region_place(host, path)
    if match := _PATH_FORM.match(path):
        rest = _VERSION.sub("", match["rest"]) or "/"
        return Place(_PATH_SURFACES[match["surface"]], "path", rest, app_id=match["app"])
    for surface in _PREFIXES:
        if path.startswith(f"/{surface}/"):
            return Place(surface, "path", path.removeprefix(f"/{surface}"))
    return Place(_PATHS.get(path, "elsewhere"), "path", path)


def _named_place(host: str, path: str) -> Place:
    match = _NAMED_HOST.match(host)
    if match is None:
        return Place("elsewhere", "named", path)
    surface = NAMED[match["label"]]
    within = (
        path
        if surface in ("pages", "xmpp", "chat", "metrics", "management", "files")
        else _VERSION.sub("", path) or "/"
    )
    return Place(surface, "named", within, app_id=match["app"])


def _region_place(host: str, path: str) -> Place:
    if match := _REGION_API.match(host):
        surface = _PATH_SURFACES[match["surface"]]
        return Place(surface, "region", _VERSION.sub("", path) or "/", match["app"], match["region"])
    if match := _REGION_XMPP.match(host):
        return Place("xmpp", "region", path, match["app"], match["region"])
    if match := _REGION_CHAT.match(host):
        return Place("chat", "region", path, match["app"], match["region"])
    if match := _REGION_METRICS.match(host):
        return Place("metrics", "region", path, None, match["region"])
    return Place("management" if host == _MANAGEMENT_HOST else "elsewhere", "region", path)


def split_authority(authority: str) -> tuple[str, str]:
    """Host and port (empty if none) of a Host header; brackets of an IPv6 address stay with the host."""
    host, colon, port = authority.rpartition(":")
    return (host, port) if colon and port.isdigit() and (not host.count(":") or host.endswith("]")) else (authority, "")


@lru_cache(maxsize=256)
def links_for(place: Place, scheme: str, authority: str, *, region: str, app_id: str, tls_port: int) -> Links:
    """The addresses that a caller who came this way can dial.

    ``scheme`` and ``authority`` are those of the request, ``tls_port`` is where this simulator speaks TLS (0: nowhere).
    SDK 4 always dials with TLS, so its host is the TLS one even for a plain caller.
    """
    if place.form == "region":
        return Links(
            domain=f"rtc-{region}.cometchat.io",
            service_url=f"wss://{app_id}.xmpp.rtcv5-{region}.cometchat.io/xmpp-websocket",
            analytics_host=f"metrics-{region}.cometchat.io",
            admin_host=f"{app_id}.api-{region}.cometchat.io",
            client_host=f"{app_id}.apiclient-{region}.cometchat.io",
            chat_host=f"{app_id}.websocket-{region}.cometchat.io",
            chat_port=_HTTPS,
        )
    host, port = split_authority(authority)
    tls = port if scheme == "https" else str(tls_port or "")
    domain = f"localhost:{tls}" if tls else "localhost"
    if scheme == "https" and place.form == "named":
        service_url = f"wss://xmpp.{domain}/xmpp-websocket"
    else:
        service_url = f"{'wss' if scheme == 'https' else 'ws'}://{authority}/xmpp-websocket"
    links = Links(domain, service_url, f"metrics.{domain}", "", "", "chat.localhost", int(tls or _HTTPS))
    if place.form == "named":
        prefix = f"{place.app_id}." if place.app_id else ""
        return replace(links, admin_host=f"{prefix}api.{domain}", client_host=f"{prefix}client.{domain}")
    base = f"{host}:{tls}/{app_id}" if tls else f"{host}/{app_id}"
    return replace(links, admin_host=f"{base}/api", client_host=f"{base}/apiclient", chat_host=host)
