"""The calling client: initialised, logged in, in a session. Concepts only; checks of arguments belong to the dialect.

One client is one user's device: it holds one login and at most one session (js5 "Single Active Session").
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import httpx

from testcall_conformance.reference.client import wire_v5
from testcall_conformance.reference.client.clock import Timers
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.http import CallApi
from testcall_conformance.reference.client.meter import Reading
from testcall_conformance.reference.client.model import Event, JoinOptions, Service, User, WireName
from testcall_conformance.reference.client.session import CallSession
from testcall_conformance.reference.client.wire import Wire
from testcall_conformance.reference.client.wire_v4 import WireV4
from testcall_conformance.reference.client.wire_v5 import WireV5

State = Literal["not_initialized", "initialized", "joining", "in_session"]

_WIRES: dict[WireName, Callable[[], Wire]] = {"v4": WireV4, "v5": WireV5}


class CallClient:
    """Speaks the wire of one major. ``on_event`` gets every event; set it before joining."""

    def __init__(
        self,
        wire: WireName,
        *,
        virtual_clock: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.on_event: Callable[[Event], None] = lambda _event: None
        self.timers = Timers(virtual=virtual_clock)
        self.user: User | None = None
        self.session: CallSession | None = None
        self._wire = _WIRES[wire]()
        self._transport = transport
        self._api: CallApi | None = None
        self._joining = False
        self._logging_in = False

    @property
    def state(self) -> State:
        """Where the client is."""
        if self._api is None:
            return "not_initialized"
        if self._joining:
            return "joining"
        return "in_session" if self.in_session else "initialized"

    @property
    def in_session(self) -> bool:
        """Whether a session is active."""
        return self.session is not None and not self.session.over

    @property
    def logging_in(self) -> bool:
        """Whether a login is under way."""
        return self._logging_in

    async def initialize(self, service: Service) -> None:
        """Take the service to speak to. No request is made; initialising again replaces it."""
        if self._api is not None:
            await self._api.close()
        self._api = CallApi(service, self._transport)

    async def login(self, uid: str, auth_key: str) -> User:
        """Log in with the app's key. Whoever is logged in already is not logged in again."""
        if self.user is not None and self.user.uid == uid:
            return self.user
        return await self._login(lambda api: wire_v5.login_with_key(api, uid, auth_key))

    async def login_with_token(self, auth_token: str) -> User:
        """Log in with an auth token."""
        if self.user is not None and self.user.auth_token == auth_token:
            return self.user
        return await self._login(lambda api: wire_v5.login_with_token(api, auth_token))

    async def logout(self) -> None:
        """Log out here and at the service; :class:`CallFailure` ``no_user_logged_in`` when there is nobody."""
        if self.user is None:
            raise CallFailure("no_user_logged_in", "no user is logged in")
        user, self.user = self.user, None
        try:
            await wire_v5.logout(self._service_api(), user.auth_token)
        except CallFailure as failure:
            self.on_event(Event("logout_failed", {"failure": failure}))
            raise
        self.on_event(Event("logout_succeeded"))

    async def generate_token(self, session_id: str, auth_token: str | None = None) -> str:
        """A call token for that session; the auth token is that of the logged-in user unless given."""
        api = self._service_api()
        token = auth_token or (self.user.auth_token if self.user is not None else "")
        if not token:
            raise CallFailure("not_logged_in", "no user is logged in and no auth token was given")
        return await self._wire.create_token(api, session_id, token)

    async def join(self, call_token: str, options: JoinOptions) -> None:
        """Join the session of the token; returns when the room has let us in.

        Raises :class:`CallFailure`: ``session_active``, ``presenter_mode_disabled``, and those of the requests.
        """
        api = self._service_api()
        if self.in_session or self._joining:
            raise CallFailure("session_active", "a session is active already; leave it first")
        self._joining = True
        try:
            ticket = await self._wire.redeem(api, call_token, self.user.auth_token if self.user else "")
            if options.presenter is not None and not ticket.presenter_enabled:
                raise CallFailure("presenter_mode_disabled", "presenter mode is not enabled for this application")
            self.session = CallSession(self._wire, api.service, ticket, options, timers=self.timers, tell=self._tell)
            try:
                await self.session.join()
            except CallFailure as failure:
                self._tell(Event("connection_failed", {"failure": failure}))
                raise
        except CallFailure:
            self.session = None
            raise
        finally:
            self._joining = False

    async def leave(self) -> None:
        """Leave the session; without one nothing happens."""
        if self.session is not None:
            await self.session.leave()

    @property
    def api(self) -> CallApi:
        """Requests to the service; :class:`CallFailure` ``sdk_not_initialized`` before there is one."""
        return self._service_api()

    def readings(self) -> list[Reading]:
        """What is received, by remote source."""
        return self.session.readings() if self.session is not None else []

    async def close(self) -> None:
        """Leave and release everything; the client can't be used afterwards."""
        await self.leave()
        self.timers.close()
        if self._api is not None:
            await self._api.close()

    async def _login(self, how: Callable[[CallApi], Awaitable[User]]) -> User:
        api = self._service_api()
        if self._logging_in:
            raise CallFailure("login_in_progress", "another login is under way")
        self._logging_in = True
        try:
            if self.user is not None:
                previous, self.user = self.user, None
                await wire_v5.logout(api, previous.auth_token)
            user = await how(api)
        except CallFailure as failure:
            self.on_event(Event("login_failed", {"failure": failure}))
            raise
        finally:
            self._logging_in = False
        self.user = user
        self.on_event(Event("login_succeeded", {"user": user}))
        return user

    def _service_api(self) -> CallApi:
        if self._api is None:
            raise CallFailure("sdk_not_initialized", "initialize the SDK first")
        return self._api

    def _tell(self, event: Event) -> None:
        self.on_event(event)
