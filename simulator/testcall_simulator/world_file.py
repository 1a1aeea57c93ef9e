"""A world as a file: what `testcall simulate --world FILE` begins with, YAML or JSON, checked against a model.

```yaml
apps:
  - app_id: shop
    region: eu
    settings: {presenter_mode: false}
    users: [{uid: ann, name: Ann}, {uid: ben, auth_token: a-token-of-my-own}]
    groups: [{guid: team, members: [ann, ben]}]
    webhooks: [{url: "http://127.0.0.1:3000/hook"}]
    calls: [{session_id: daily, initiator: ann, status: ended, minutes: 12, participants: [ann, ben]}]
```
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from testcall_simulator.calls import Call, CallStatus, Participation
from testcall_simulator.clock import Clock
from testcall_simulator.errors import WorldError
from testcall_simulator.tokens import KeyScope
from testcall_simulator.world import SEEDED_AT, SHORTEST_SECRET, App, AppSettings, World

_Secret = Annotated[str, Field(min_length=SHORTEST_SECRET, max_length=500)]
_Name = Annotated[str, Field(min_length=1, max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class UserEntry(_Strict):
    """A user; without ``auth_token`` one is made from the seed."""

    uid: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
    name: str = ""
    avatar: str = ""
    role: str = "default"
    metadata: dict[str, Any] = {}
    auth_token: _Secret | None = None


class KeyEntry(_Strict):
    """An API key beside the two that every app has."""

    key: _Secret
    scope: KeyScope = "fullAccess"


class CallEntry(_Strict):
    """A call of the past. ``started_at`` is epoch seconds; all participants stay all ``minutes``."""

    session_id: _Name
    initiator: str
    status: CallStatus = "ended"
    type: Literal["audio", "video"] = "video"
    mode: Literal["call", "meet", "presenter"] = "meet"
    receiver: str = ""
    receiver_type: Literal["user", "group"] = "user"
    started_at: int = SEEDED_AT
    minutes: Annotated[float, Field(ge=0)] = 10
    participants: list[str] = []


class SessionEntry(_Strict):
    """A session that is open when the simulator starts; with ``members`` only these users may enter."""

    session_id: _Name
    members: list[str] | None = None
    type: Literal["audio", "video"] = "video"


class GroupEntry(_Strict):
    """A group, to be rung as one; the first member owns it."""

    guid: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
    name: str = ""
    members: Annotated[list[str], Field(min_length=1)]


class WebhookEntry(_Strict):
    """An address that is told of calls: of everything, unless ``triggers`` says of what."""

    id: Annotated[str, Field(pattern=r"^[^\s/]{1,50}$")] = "webhook"
    url: Annotated[str, Field(max_length=255)]
    triggers: list[str] | None = None
    retry: bool = True
    username: str = ""
    password: str = ""


class SettingsEntry(_Strict):
    """What differs from the usual :class:`~testcall_simulator.world.AppSettings`."""

    presenter_mode: bool = True
    p2p: bool = False
    call_token_lifetime_s: Annotated[int, Field(gt=0)] | None = None
    expand_session_ids: bool = False
    requests_per_minute: Annotated[int, Field(ge=0)] = 20_000
    core_requests_per_minute: Annotated[int, Field(ge=0)] = 10_000
    refuse_busy_receiver: bool = False


class AppEntry(_Strict):
    """An app with its users and calls."""

    app_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
    region: Literal["us", "eu", "in"] = "us"
    settings: SettingsEntry = SettingsEntry()
    keys: list[KeyEntry] = []
    users: list[UserEntry] = []
    calls: list[CallEntry] = []
    sessions: list[SessionEntry] = []
    groups: list[GroupEntry] = []
    webhooks: list[WebhookEntry] = []


class WorldFile(_Strict):
    """The whole file."""

    apps: Annotated[list[AppEntry], Field(min_length=1)]


def load_world(path: Path, *, seed: int = 0, clock: Clock | None = None) -> World:
    """The world that the file describes; :class:`WorldError` in one line if it can't be read or doesn't fit."""
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except OSError as error:
        raise WorldError(f"{path}: can't read the world file: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark is not None else str(path)
        raise WorldError(f"{where}: no YAML or JSON: {getattr(error, 'problem', None) or 'not UTF-8'}") from None
    try:
        described = WorldFile.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        problem = "there is no such field" if first["type"] == "extra_forbidden" else first["msg"]
        raise WorldError(f"{path}: {'.'.join(str(part) for part in first['loc']) or 'file'}: {problem}") from None
    return build_world(described, seed=seed, clock=clock)


def build_world(described: WorldFile, *, seed: int = 0, clock: Clock | None = None) -> World:
    """The world that ``described`` describes."""
    world = World(seed=seed, clock=clock)
    for entry in described.apps:
        app = world.add_app(entry.app_id, region=entry.region, settings=AppSettings(**entry.settings.model_dump()))
        for key in entry.keys:
            world.add_key(app.app_id, key.scope, key.key)
        for user in entry.users:
            world.add_user(app_id=app.app_id, **user.model_dump())
        for group in entry.groups:
            world.add_group(group.guid, group.members, name=group.name, app_id=app.app_id)
        for webhook in entry.webhooks:
            chosen = webhook.model_dump(exclude={"id", "url"}, exclude_none=True)
            world.add_webhook(webhook.id, webhook.url, app_id=app.app_id, **chosen)
        for call in entry.calls:
            world.record(_call(world, app, call))
        for session in entry.sessions:
            world.open_session(
                world.room_of(app, session.session_id), app_id=app.app_id, members=session.members, type=session.type
            )
    return world.begin()


def _call(world: World, app: App, entry: CallEntry) -> Call:
    for uid in {entry.initiator, *entry.participants}:
        world.user(uid, app.app_id)
    over = entry.started_at + round(entry.minutes * 60)
    audio = entry.type == "audio"
    stays = [Participation(uid, f"{uid}-device", entry.started_at, over, audio) for uid in entry.participants]
    return Call(
        app_id=app.app_id,
        session_id=world.room_of(app, entry.session_id),
        mid=world.new_id(),
        mode=entry.mode,
        type=entry.type,
        status=entry.status,
        initiator=entry.initiator.lower(),
        receiver=entry.receiver,
        receiver_type=entry.receiver_type,
        initiated_at=entry.started_at,
        started_at=entry.started_at if stays else None,
        ended_at=over if stays else entry.started_at,
        participations=tuple(stays),
    )
