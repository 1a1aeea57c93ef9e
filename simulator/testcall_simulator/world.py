"""The world: what the service knows. Apps, keys, users, tokens, sessions, call logs; one owner of this state, nothing else.

All ids, keys and tokens come from the seed: the same seed and the same calls give the same world, and the tokens of the
seeded users don't depend on the day. Nothing here does I/O, waits, or knows of HTTP or XMPP. Values handed out are frozen;
the world replaces them.

A session id is lower-cased wherever it enters: the signalling library of the JavaScript SDKs refuses a room name with a
capital letter, so the service can't answer with one.
"""

from __future__ import annotations

import copy
import random
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from testcall_simulator import calls, tokens
from testcall_simulator.apps import SEEDED_AT, App, AppSettings, User
from testcall_simulator.call_book import CallBook
from testcall_simulator.calls import Call, CallMode, Participation
from testcall_simulator.clock import Clock, RealClock
from testcall_simulator.errors import WorldError
from testcall_simulator.ring_book import Group, RingBook
from testcall_simulator.ringing import Ring, RingStatus
from testcall_simulator.tokens import ApiKey, AuthToken, CallToken, CallTokenError, KeyScope
from testcall_simulator.webhooks import Told, Webhook, WebhookBook, new_webhook, told_of_call, told_of_ring
from testcall_simulator.world_state import State, WorldSnapshot

__all__ = ["SEEDED_AT", "App", "AppSettings", "User", "World", "WorldSnapshot", "default_world"]

REGIONS = ("us", "eu", "in")
"""The regions that the REST documentation lists."""

MAX_AUTH_TOKENS = 100
"""Active auth tokens of a user; beyond it the oldest is archived (documentation, "User authentication")."""

SHORTEST_SECRET = 6
"""Characters of the shortest token or key that a world takes: a trace could not hide a shorter one."""

DEFAULT_USERS = ("alice", "bob", "carol", "dave")


class World:
    """The state of the service. See the module for what it promises; every method that can't do its work raises :class:`WorldError`."""

    def __init__(self, *, seed: int = 0, clock: Clock | None = None) -> None:
        self.seed = seed
        self.clock: Clock = clock if clock is not None else RealClock()
        self._state = State(random.Random(f"testcall world {seed}"))
        self._secret_listeners: list[Callable[[str, str], None]] = []
        self._tell: Callable[[Told], None] | None = None
        self.files = "https://files.localhost"
        """Where recordings and transcripts can be fetched; whoever serves the world sets it."""

    # -- apps and keys ---------------------------------------------------------------------------------------------

    @property
    def apps(self) -> Mapping[str, App]:
        """All apps by id."""
        return self._state.apps

    @property
    def app(self) -> App:
        """The first app: the one that a test with a single app means."""
        try:
            return next(iter(self._state.apps.values()))
        except StopIteration:
            raise WorldError("the world has no app; add one with World.add_app") from None

    def find_app(self, app_id: str | None) -> App:
        """The app of that id, or the first for None."""
        if app_id is None:
            return self.app
        if app_id not in self._state.apps:
            raise WorldError(f"no app {app_id!r} in this world; it has {', '.join(self._state.apps) or 'none'}")
        return self._state.apps[app_id]

    def add_app(self, app_id: str, *, region: str = "us", settings: AppSettings | None = None) -> App:
        """Make an app with one ``fullAccess`` and one ``authOnly`` key."""
        if app_id in self._state.apps:
            raise WorldError(f"app {app_id!r} exists already")
        if region not in REGIONS:
            raise WorldError(f"region {region!r} of app {app_id!r} is none of {', '.join(REGIONS)}")
        self._state.apps[app_id] = App(app_id, region, settings or AppSettings())
        self.add_key(app_id, "authOnly")
        self.add_key(app_id, "fullAccess")
        return self._state.apps[app_id]

    def configure(self, app_id: str | None = None, /, **settings: Any) -> App:
        """Change some of an app's :class:`AppSettings`, by name."""
        app = self.find_app(app_id)
        try:
            app = replace(app, settings=replace(app.settings, **settings))
        except TypeError as error:
            raise WorldError(f"app {app.app_id!r}: {error}") from None
        self._state.apps[app.app_id] = app
        return app

    def add_key(self, app_id: str | None, scope: KeyScope, key: str | None = None) -> ApiKey:
        """Make an API key (or take ``key``)."""
        app = self.find_app(app_id)
        if key is not None and len(key) < SHORTEST_SECRET:
            raise WorldError(
                f"API key of app {app.app_id!r}: {len(key)} characters are too few to be told from other text"
            )
        made = ApiKey(key or tokens.mint_api_key(self._state.noise), app.app_id, scope)
        self._state.keys[made.key] = made
        self._reveal(made.key, f"{'auth_key' if scope == 'authOnly' else 'rest_key'} {app.app_id}")
        return made

    def find_key(self, key: str) -> ApiKey | None:
        """The API key of that value."""
        return self._state.keys.get(key)

    def key_of(self, app_id: str | None = None, scope: KeyScope = "authOnly") -> str:
        """The value of an app's first key of that scope."""
        app = self.find_app(app_id)
        for key in self._state.keys.values():
            if key.app_id == app.app_id and key.scope == scope:
                return key.key
        raise WorldError(f"app {app.app_id!r} has no {scope} key; add one with World.add_key")

    @property
    def auth_key(self) -> str:
        """The ``authOnly`` key of the first app: what an SDK's login takes."""
        return self.key_of()

    @property
    def management_key(self) -> str:
        """The account's key for the management API: not an app's."""
        return tokens.account_secret(self.seed, "key")

    @property
    def management_secret(self) -> str:
        """What the management API wants beside :attr:`management_key`."""
        return tokens.account_secret(self.seed, "secret")

    @property
    def rest_key(self) -> str:
        """The ``fullAccess`` key of the first app: what a backend takes."""
        return self.key_of(scope="fullAccess")

    # -- users and auth tokens -------------------------------------------------------------------------------------

    @property
    def users(self) -> Mapping[str, User]:
        """The users of the first app, by uid."""
        return self.users_of(None)

    def users_of(self, app_id: str | None) -> dict[str, User]:
        """The users of an app, by uid."""
        app = self.find_app(app_id)
        return {uid: user for (owner, uid), user in self._state.users.items() if owner == app.app_id}

    def find_user(self, app_id: str, uid: str) -> User | None:
        """That user, if there and not deactivated. A uid is compared in lower case, as the service stores it."""
        user = self._state.users.get((app_id, uid.lower()))
        return user if user is not None and user.active else None

    def user(self, uid: str, app_id: str | None = None) -> User:
        """That user; :class:`WorldError` if the app has none."""
        app = self.find_app(app_id)
        user = self.find_user(app.app_id, uid)
        if user is None:
            raise WorldError(f"app {app.app_id!r} has no user {uid!r}; it has {', '.join(self.users_of(app.app_id))}")
        return user

    def add_user(
        self,
        uid: str,
        name: str = "",
        *,
        app_id: str | None = None,
        avatar: str = "",
        role: str = "default",
        metadata: Mapping[str, Any] | None = None,
        auth_token: str | None = None,
    ) -> User:
        """Make a user with an auth token (or the given one). The uid is lower-cased."""
        app, uid = self.find_app(app_id), uid.lower()
        if (app.app_id, uid) in self._state.users:
            raise WorldError(f"app {app.app_id!r} has a user {uid!r} already")
        token = self._new_auth_token(app, uid, auth_token=auth_token)
        user = User(
            uid, name or uid.capitalize(), app.app_id, token.token, avatar, role, token.created_at, metadata or {}
        )
        self._state.users[app.app_id, uid] = user
        return user

    def change_user(self, uid: str, app_id: str | None = None, /, **changes: Any) -> User:
        """Replace fields of a user; ``active=False`` deactivates them."""
        app = self.find_app(app_id)
        key = (app.app_id, uid.lower())
        if key not in self._state.users:
            raise WorldError(f"app {app.app_id!r} has no user {uid!r}")
        self._state.users[key] = replace(self._state.users[key], **changes)
        return self._state.users[key]

    def remove_user(self, uid: str, app_id: str | None = None) -> None:
        """Forget a user, their auth tokens, and their place in groups."""
        app = self.find_app(app_id)
        user = self._state.users.pop((app.app_id, uid.lower()), None)
        if user is None:
            raise WorldError(f"app {app.app_id!r} has no user {uid!r}")
        for token in self.auth_tokens_of(user):
            self.revoke_auth_token(token.token)
        for group in self.ringing.groups_of(app.app_id):
            self.ringing.set_members(app.app_id, group.guid, group.members - {user.uid})

    def issue_auth_token(self, user: User, *, platform: str = "", device_id: str = "") -> AuthToken:
        """A new auth token for ``user``; older ones stay valid, up to :data:`MAX_AUTH_TOKENS`."""
        token = self._new_auth_token(self.find_app(user.app_id), user.uid, platform=platform, device_id=device_id)
        mine = self.auth_tokens_of(user)
        for old in mine[: max(len(mine) - MAX_AUTH_TOKENS, 0)]:
            del self._state.auth_tokens[old.token]
        return token

    def find_auth_token(self, token: str) -> AuthToken | None:
        """The auth token of that value, if it is active."""
        return self._state.auth_tokens.get(token)

    def auth_tokens_of(self, user: User) -> list[AuthToken]:
        """The active auth tokens of ``user``, oldest first."""
        owner = (user.app_id, user.uid)
        return [token for token in self._state.auth_tokens.values() if (token.app_id, token.uid) == owner]

    def change_auth_token(self, token: AuthToken, *, platform: str, device_id: str) -> AuthToken:
        """Note the platform and device of a login on ``token``."""
        self._state.auth_tokens[token.token] = replace(token, platform=platform, device_id=device_id)
        return self._state.auth_tokens[token.token]

    def revoke_auth_token(self, token: str) -> None:
        """Make ``token`` unknown; one that is unknown stays so."""
        self._state.auth_tokens.pop(token, None)

    def _new_auth_token(
        self, app: App, uid: str, *, platform: str = "", device_id: str = "", auth_token: str | None = None
    ) -> AuthToken:
        made_at = self.now() if self._state.begun else SEEDED_AT
        value = auth_token or tokens.mint_auth_token(uid, made_at, self._state.noise)
        if len(value) < SHORTEST_SECRET:
            raise WorldError(f"auth token of {uid!r}: {len(value)} characters are too few to be told from other text")
        token = AuthToken(value, app.app_id, uid, made_at, platform, device_id)
        self._state.auth_tokens[value] = token
        self._reveal(value, f"auth_token {uid}")
        return token

    # -- call tokens -----------------------------------------------------------------------------------------------

    def issue_call_token(self, user: User, session_id: str, auth_token: str | None = None) -> str:
        """A call token with which ``user`` may enter ``session_id``."""
        app, now = self.find_app(user.app_id), self.now()
        lifetime = app.settings.call_token_lifetime_s
        call_token = CallToken(
            app_id=app.app_id,
            region=app.region,
            session_id=self.room_of(app, session_id),
            uid=user.uid,
            auth_token=auth_token or user.auth_token,
            issued_at=now,
            expires_at=None if lifetime is None else now + lifetime,
        )
        secret = tokens.signing_secret(self.seed, app.app_id)
        minted = tokens.mint_call_token(call_token, secret, f"{self._state.noise.getrandbits(64):016x}")
        self._reveal(minted, f"call_token {user.uid} {call_token.session_id}")
        return minted

    def issue_user_jwt(self, user: User) -> str:
        """What a login answers beside the auth token; the ringing socket takes it."""
        secret = tokens.signing_secret(self.seed, user.app_id)
        minted = tokens.mint_user_jwt(user.app_id, user.uid, self.now(), secret)
        self._reveal(minted, f"jwt {user.uid}")
        return minted

    def read_user_jwt(self, token: str) -> User | None:
        """The user for whom a login answered ``token``; None for anything else, and for a user who is gone."""
        said = tokens.read_user_jwt(token, lambda app_id: tokens.signing_secret(self.seed, app_id))
        return self.find_user(*said) if said is not None else None

    def read_call_token(self, token: str) -> CallToken:
        """What ``token`` says; :class:`CallTokenError` when it is garbage, forged, expired, or of an app that isn't here."""
        call_token = tokens.read_call_token(token, self._secret_of, self.clock.now())
        if self.find_user(call_token.app_id, call_token.uid) is None:
            raise CallTokenError("signature")
        return call_token

    def _secret_of(self, app_id: str) -> str:
        if app_id not in self._state.apps:
            raise CallTokenError("unknown_app")
        return tokens.signing_secret(self.seed, app_id)

    def room_of(self, app: App, session_id: str) -> str:
        """The session id as the service answers with it: lower case, expanded if the app is set so."""
        room = session_id.lower()
        if not app.settings.expand_session_ids:
            return room
        prefix = f"v1.{app.region}.{app.app_id}.".lower()
        return room if room.startswith(prefix) else prefix + room

    # -- ringing -----------------------------------------------------------------------------------------------------

    @property
    def ringing(self) -> RingBook:
        """Groups, blocks and ringing calls."""
        return self._state.ringing

    def add_group(self, guid: str, members: Iterable[str], *, name: str = "", app_id: str | None = None) -> Group:
        """Make a group of users of the app; the first member owns it."""
        app = self.find_app(app_id)
        uids = [self.user(uid, app.app_id).uid for uid in members]
        if not uids:
            raise WorldError(f"group {guid!r} of app {app.app_id!r} needs at least one member")
        made = Group(guid, name or guid.capitalize(), app.app_id, uids[0], frozenset(uids), created_at=self.now())
        return self.ringing.add_group(made)

    # -- sessions and call logs ------------------------------------------------------------------------------------

    def calls_of(self, app_id: str | None = None) -> list[Call]:
        """All calls of an app, newest first."""
        app = self.find_app(app_id)
        return [call for call in reversed(self._state.calls) if call.app_id == app.app_id]

    def find_call(self, app_id: str, session_id: str) -> Call | None:
        """The newest call of that session id, going on or over."""
        return self._state.calls.find(app_id, session_id.lower())

    def find_session(self, app_id: str, session_id: str) -> Call | None:
        """The call of that session id that isn't over."""
        call = self.find_call(app_id, session_id)
        return call if call is not None and not call.is_over else None

    @property
    def sessions(self) -> list[Call]:
        """The calls that aren't over, of all apps, oldest first."""
        return [call for call in self._state.calls if not call.is_over]

    def open_session(
        self,
        session_id: str,
        *,
        app_id: str | None = None,
        initiator: str = "",
        mode: CallMode = "meet",
        type: Literal["audio", "video"] = "video",
        receiver: str = "",
        receiver_type: Literal["user", "group"] = "user",
        members: Iterable[str] | None = None,
    ) -> Call:
        """Begin a call that nobody has entered yet; with ``members`` only these may."""
        app = self.find_app(app_id)
        if self.find_session(app.app_id, session_id) is not None:
            raise WorldError(f"session {session_id!r} of app {app.app_id!r} is open already")
        call = Call(
            app_id=app.app_id,
            session_id=session_id.lower(),
            mid=self.new_id(),
            mode=mode,
            type=type,
            status="initiated" if mode == "call" else "ongoing",
            initiator=initiator,
            receiver=receiver,
            receiver_type=receiver_type,
            initiated_at=self.now(),
            members=None if members is None else frozenset(members),
        )
        return self.record(call)

    def enter(
        self,
        app_id: str,
        session_id: str,
        uid: str,
        *,
        device_id: str = "",
        audio_only: bool = False,
        config: Mapping[str, str] | None = None,
    ) -> Call:
        """``uid`` enters a session on a device; the first to enter opens it. ``config``: what the SDK tells of itself."""
        call = self.find_session(app_id, session_id) or self.open_session(
            session_id, app_id=app_id, initiator=uid, type="audio" if audio_only else "video"
        )
        stay = Participation(uid, device_id, self.now(), None, audio_only, config or {})
        return self.record(calls.entered(call, stay))

    def leave(self, app_id: str, session_id: str, uid: str, *, device_id: str = "") -> Call | None:
        """``uid`` leaves on that device; the last to leave ends the call. None when there is no such session."""
        call = self.find_session(app_id, session_id)
        return None if call is None else self.record(calls.left(call, uid, device_id, self.now()))

    def end(self, app_id: str, session_id: str) -> Call | None:
        """The call is ended for all. None when there is no such session."""
        call = self.find_session(app_id, session_id)
        return None if call is None else self.record(calls.ended(call, self.now()))

    def record(self, call: Call) -> Call:
        """Put ``call`` into the log, in place of the one with its ``mid``."""
        before = self._state.calls.put(call)
        if self._tell is not None:
            for told in told_of_call(before, call, lambda uid: self._name_of(call.app_id, uid)):
                self._tell(told)
        return call

    @property
    def calls(self) -> CallBook:
        """All calls of all apps, oldest first."""
        return self._state.calls

    @property
    def captures(self) -> dict[str, Any]:
        """Recordings and transcriptions that go on, by id: see :mod:`testcall_simulator.captures`."""
        return self._state.captures

    # -- webhooks ----------------------------------------------------------------------------------------------------

    @property
    def webhooks(self) -> WebhookBook:
        """Who is told of calls."""
        return self._state.webhooks

    def add_webhook(self, webhook_id: str, url: str, *, app_id: str | None = None, **choices: Any) -> Webhook:
        """Tell ``url`` of all that happens in an app. ``choices``: fields of :class:`~testcall_simulator.webhooks.Webhook`."""
        made = new_webhook(self.find_app(app_id).app_id, webhook_id, url, self.now(), choices)
        self.hide_secrets_of(made)
        return self._state.webhooks.add(made)

    def hide_secrets_of(self, webhook: Webhook) -> None:
        """Let whoever watches secrets know of a webhook's password."""
        if len(webhook.password) >= SHORTEST_SECRET:
            self._reveal(webhook.password, f"webhook_password {webhook.id}")

    def watch_happenings(self, listener: Callable[[Told], None] | None) -> None:
        """Call ``listener`` with all that webhooks may tell from now on; None ends that. There is one listener."""
        self._tell = listener

    def rang(self, ring: Ring, status: RingStatus, message: Mapping[str, Any]) -> None:
        """A ringing call was asked to take ``status``, and ``message`` says so: webhooks are told."""
        told = told_of_ring(ring, status, message)
        if self._tell is not None and told is not None:
            self._tell(told)

    def _name_of(self, app_id: str, uid: str) -> str:
        user = self.find_user(app_id, uid)
        return user.name if user is not None else uid

    def new_id(self) -> str:
        """A UUID from the seed."""
        return str(uuid.UUID(int=self._state.noise.getrandbits(128), version=4))

    # -- the whole ---------------------------------------------------------------------------------------------------

    def now(self) -> int:
        """The service's time in whole epoch seconds."""
        return int(self.clock.now())

    def begin(self) -> World:
        """End the seeding: what is made from now on is stamped by the clock."""
        self._state.begun = True
        return self

    def count_request(self, app_id: str, group: str, minute: int) -> int:
        """Count a request towards a rate limit; how many there were in that minute, this one included."""
        counted, count = self._state.requests.get((app_id, group), (minute, 0))
        self._state.requests[app_id, group] = (minute, count + 1 if counted == minute else 1)
        return self._state.requests[app_id, group][1]

    def snapshot(self) -> WorldSnapshot:
        """The present state as a value; the world goes on unchanged."""
        return WorldSnapshot(copy.deepcopy(self._state))

    def restore(self, snapshot: WorldSnapshot) -> None:
        """Go back to ``snapshot``, which can be restored again later. Ids made afterwards repeat those made after it."""
        self._state = copy.deepcopy(snapshot.state)

    def watch_secrets(self, listener: Callable[[str, str], None]) -> None:
        """Call ``listener(value, label)`` for each key and token there is, and for each to come."""
        for key in self._state.keys.values():
            listener(key.key, f"{'auth_key' if key.scope == 'authOnly' else 'rest_key'} {key.app_id}")
        for token in self._state.auth_tokens.values():
            listener(token.token, f"auth_token {token.uid}")
        listener(self.management_key, "management_key")
        listener(self.management_secret, "management_secret")
        self._secret_listeners.append(listener)

    def _reveal(self, value: str, label: str) -> None:
        for listener in self._secret_listeners:
            listener(value, label)


def default_world(*, seed: int = 0, clock: Clock | None = None) -> World:
    """One app ``testapp`` in region ``us``, its keys, and the users alice, bob, carol and dave."""
    world = World(seed=seed, clock=clock)
    world.add_app("testapp")
    for uid in DEFAULT_USERS:
        world.add_user(uid)
    return world.begin()
