"""The answer to SDK 5's verification against the schema that build 5.0.4 checks it by, written down by hand."""

# ruff: noqa: N815  the wire's names

from typing import Any

import httpx
import pytest
from pydantic import BaseModel, ConfigDict, StrictBool, StrictFloat, StrictInt, StrictStr

from testcall_simulator import Simulator


class Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class User(Loose):
    uid: StrictStr
    name: StrictStr
    avatar: StrictStr = ""
    status: StrictStr = ""
    role: StrictStr = ""
    lastActiveAt: StrictInt | StrictFloat = 0


class Hosts(Loose):
    domain: StrictStr = ""
    muc: StrictStr = ""


class PeerToPeer(Loose):
    enabled: StrictBool


class ConnectionConfig(Loose):
    hosts: Hosts
    serviceUrl: StrictStr
    p2p: PeerToPeer


class Settings(Loose):
    WEBRTC_HOST: StrictStr = ""
    ANALYTICS_HOST: StrictStr = ""
    ANALYTICS_VERSION: StrictStr = ""
    PRESENTER_MODE_ENABLED: StrictBool = False
    connectionConfig: ConnectionConfig


class Data(Loose):
    callToken: StrictStr
    sessionId: StrictStr
    user: User
    settings: Settings


def nulls(value: Any):
    if value is None:
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nulls(inner)


@pytest.mark.parametrize("avatar", ["", "https://files.invalid/a.png"])
@pytest.mark.parametrize("p2p", [False, True])
def test_sdk_5_accepts_the_answer(avatar, p2p):
    sim = Simulator()
    sim.world.configure(p2p=p2p)
    sim.world.change_user("alice", avatar=avatar)
    token = sim.world.issue_call_token(sim.world.user("alice"), "Room-1")
    url = "https://testapp.call-us.cometchat.io/v3.0/call_tokens?configVersion=1"
    with httpx.Client(transport=sim.transport()) as http:
        data = http.get(url, headers={"calltoken": token, "appId": "testapp"}).json()["data"]
    shown = Data.model_validate(data)
    assert shown.sessionId == shown.sessionId.lower()
    assert shown.settings.connectionConfig.hosts.muc
    assert shown.settings.connectionConfig.serviceUrl.startswith(("ws://", "wss://"))
    assert shown.settings.connectionConfig.p2p.enabled is p2p
    assert not list(nulls(data)), "optional means absent: null fails the SDK's schema"
