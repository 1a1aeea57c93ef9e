"""Where a running simulator can be reached, in the forms that SDK settings take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Major = Literal[4, 5]
"""Major version of an SDK: SDK 4 wants a trailing slash behind its host setting, SDK 5 wants none."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one simulator.

    Names end in ``.localhost``, which browsers resolve by themselves; whoever resolves no names takes the ``plain_`` forms,
    which also work over TLS (:meth:`path_base`).
    """

    host: str
    port: int
    tls_port: int
    ca_path: Path
    app_id: str

    @property
    def http(self) -> str:
        """``http://127.0.0.1:P``."""
        return f"http://{self._literal}:{self.port}"

    @property
    def https(self) -> str:
        """``https://127.0.0.1:Q``; needs :attr:`ca_path`."""
        return f"https://{self._literal}:{self.tls_port}"

    @property
    def app_origin(self) -> str:
        """``https://app.localhost:Q``: where :attr:`Simulator.pages` are served."""
        return self._named("app")

    @property
    def control(self) -> str:
        """``http://127.0.0.1:P/_testcall/``: the control page."""
        return f"{self.http}/_testcall/"

    @property
    def management(self) -> str:
        """``http://127.0.0.1:P/management``: the management API, without TLS and without names."""
        return f"{self.http}/management"

    @property
    def xmpp(self) -> str:
        """``wss://xmpp.localhost:Q/xmpp-websocket``."""
        return f"wss://xmpp.localhost:{self.tls_port}/xmpp-websocket"

    @property
    def plain_xmpp(self) -> str:
        """``ws://127.0.0.1:P/xmpp-websocket``."""
        return f"ws://{self._literal}:{self.port}/xmpp-websocket"

    def calls_base(self, version: Major = 4) -> str:
        """The calls API: what ``setHost`` (SDK 4) or ``host`` (SDK 5) takes."""
        return _slashed(f"{self._named('calls')}/v3.0", version)

    def api_base(self, version: Major = 5) -> str:
        """The admin REST API: what ``adminHost`` takes."""
        return _slashed(f"{self._named('api')}/v3.0", version)

    def client_base(self, version: Major = 5) -> str:
        """The client API: what ``clientHost`` takes."""
        return _slashed(f"{self._named('client')}/v3.0", version)

    @property
    def chat_admin_host(self) -> str:
        """What the Chat SDK's ``overrideAdminHost`` takes: no scheme, no trailing slash."""
        return f"api.localhost:{self.tls_port}/v3.0"

    @property
    def chat_client_host(self) -> str:
        """What the Chat SDK's ``overrideClientHost`` takes: no scheme, no trailing slash."""
        return f"client.localhost:{self.tls_port}/v3.0"

    def plain_calls_base(self, version: Major = 5, app_id: str | None = None) -> str:
        """The calls API without TLS and without names."""
        return _slashed(self.path_base("call", app_id), version)

    def plain_api_base(self, version: Major = 5, app_id: str | None = None) -> str:
        """The admin REST API without TLS and without names."""
        return _slashed(self.path_base("api", app_id), version)

    def plain_client_base(self, version: Major = 5, app_id: str | None = None) -> str:
        """The client API without TLS and without names."""
        return _slashed(self.path_base("apiclient", app_id), version)

    def path_base(
        self, surface: Literal["call", "api", "apiclient"], app_id: str | None = None, *, tls: bool = False
    ) -> str:
        """A surface by path, ``http://127.0.0.1:P/<app>/<surface>/v3.0``, no trailing slash."""
        return f"{self.https if tls else self.http}/{app_id or self.app_id}/{surface}/v3.0"

    def for_sdk(self, version: Major) -> dict[str, str]:
        """All of them under the names of an adapter's ``world.addresses``."""
        return {
            "calls": self.calls_base(version),
            "api": self.api_base(version),
            "client": self.client_base(version),
            "xmpp": self.xmpp,
            "calls_plain": self.plain_calls_base(version),
            "api_plain": self.plain_api_base(version),
            "client_plain": self.plain_client_base(version),
            "xmpp_plain": self.plain_xmpp,
        }

    @property
    def _literal(self) -> str:
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)
        return f"[{shown}]" if ":" in shown else shown

    def _named(self, label: str) -> str:
        return f"https://{label}.localhost:{self.tls_port}"


def _slashed(base: str, version: Major) -> str:
    return f"{base}/" if version == 4 else base
