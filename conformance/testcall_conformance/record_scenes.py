"""Scenes that read what the service keeps of past calls: one page, several pages, filters, and getters of what came."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any

from testcall_conformance.call_scenes import instance
from testcall_conformance.conditions import VIOLATIONS, broken
from testcall_conformance.dialect import OMIT, Call, Given
from testcall_conformance.past_calls import GROUP, add_past_calls
from testcall_conformance.promised import getters_to_call
from testcall_conformance.results import Result
from testcall_conformance.scenes import Scene
from testcall_conformance.stage import Actor, Stage

PAGE = 4
"""Items of a page in the scene of pages: fewer than there are."""

OF_THE_WORLD: dict[str, Any] = {"log_uid": "bob", "log_guid": GROUP}
"""Values of filters that are somebody's id: those that the past calls have."""

FETCHES = {"call_log_request": "call_logs_fetch_next", "transcript_request": "transcripts_fetch_next"}
"""Kind of request → the operation that reads its pages."""

REACHED_BY: dict[str, tuple[str, str]] = {
    "call_user": ("call_log", "getInitiator"),
    "log_user": ("call_log", "getInitiator"),
    "participant": ("call_log", "getParticipants"),
    "log_participant": ("call_log", "getParticipants"),
    "recording": ("call_log", "getRecordings"),
    "transcription": ("call_log", "getTranscriptions"),
}
"""Type → the type and the getter by which a value of it is reached (JavaScript's names; other dialects have no such types yet)."""

_numbers = itertools.count(1)


class Request:
    """A request for records, built once and asked several times."""

    def __init__(self, stage: Stage, actor: Actor, object_key: str, values: Mapping[str, Any]) -> None:
        self.stage = stage
        self.actor = actor
        self.object_key = object_key
        given = default_values(stage, actor, object_key) | dict(values)
        given = {key: value for key, value in given.items() if value is not OMIT}
        self._identity = f"request-{next(_numbers)}"
        self._built: dict[str, Any] | None = stage.dialect.settings(object_key, Given(given)) | {"id": self._identity}

    async def ask(self, concept: str, label: str) -> Result:
        """Call an operation of the request."""
        built, self._built = self._built, None
        return await self.actor.call(concept, label, on=built if built is not None else self._identity)


def default_values(stage: Stage, actor: Actor, object_key: str) -> dict[str, Any]:
    """What a request needs to be answered at all: the auth token where it is no deprecated setting, the session."""
    members = stage.contract.settings[object_key].members
    values: dict[str, Any] = {}
    token = members.get("log_auth_token")
    if token is not None and not token.deprecated:
        values["log_auth_token"] = stage.simulator.world.user(actor.user).auth_token
    if "transcript_session_id" in members:
        values["transcript_session_id"] = actor.session
    return values


async def play_records(stage: Stage, scene: Scene) -> None:
    """One page, asked by a request with the scene's ``values``; the fetch is the probe. ``object`` is the kind of request.

    A value None leaves a setting out. ``token_of``: the auth token is that user's.
    """
    object_key = scene.get("object", "call_log_request")
    async with instance(stage, "logged_in") as actor:
        add_past_calls(stage, actor)
        values = {key: OMIT if value is None else value for key, value in dict(scene.get("values", ())).items()}
        if scene.get("token_of"):
            values["log_auth_token"] = stage.simulator.world.user(scene.get("token_of")).auth_token
        await Request(stage, actor, object_key, values).ask(FETCHES[object_key], "probe")
        await stage.settle()


async def play_pages(stage: Stage, scene: Scene) -> None:
    """Forth and back through pages.

    Labels: ``page-1``, ``page-2`` and ``back`` of one request; ``only`` and ``past`` (all on one page, and then once more);
    ``begin`` and ``first`` (back from the first page); ``fresh`` (back before anything); ``where``: asked for its page and pages.
    """
    object_key = scene.get("object", "call_log_request")
    forth, back = FETCHES[object_key], FETCHES[object_key].replace("next", "previous")
    size = PAGE if object_key == "call_log_request" else 2
    async with instance(stage, "logged_in") as actor:
        add_past_calls(stage, actor)

        def request(page_size: int) -> Request:
            return Request(stage, actor, object_key, {"page_size": page_size})

        one = request(size)
        for label in ("page-1", "page-2"):
            await one.ask(forth, label)
        if stage.dialect.has(back):
            await one.ask(back, "back")
            two = request(size)
            await two.ask(forth, "begin")
            await two.ask(back, "first")
            await request(size).ask(back, "fresh")
        all_of_it = request(100)
        await all_of_it.ask(forth, "only")
        await all_of_it.ask(forth, "past")
        for concept in ("call_logs_current_page", "call_logs_total_pages"):
            if object_key == "call_log_request" and stage.dialect.has(concept):
                await request(size).ask(concept, f"probe:{concept}")
        await stage.settle()


async def play_fetch_race(stage: Stage, scene: Scene) -> None:
    """Two fetches of one request at once: the first is ``first``, the second the probe."""
    concept = scene.get("operation", "call_logs_fetch_next")
    object_key = next(key for key, fetch in FETCHES.items() if fetch.split("_fetch")[0] == concept.split("_fetch")[0])
    async with instance(stage, "logged_in") as actor:
        add_past_calls(stage, actor)
        request = Request(stage, actor, object_key, {})
        first = asyncio.ensure_future(request.ask(FETCHES[object_key], "first"))
        await asyncio.sleep(0)
        await request.ask(concept, "probe")
        await first
        await stage.settle()


async def play_broken_page(stage: Stage, scene: Scene) -> None:
    """Back from the second page while the service misbehaves as ``condition`` says: the probe is the ``operation``."""
    concept = scene.get("operation")
    object_key = next(key for key, fetch in FETCHES.items() if fetch.replace("next", "previous") == concept)
    async with instance(stage, "logged_in") as actor:
        add_past_calls(stage, actor)
        request = Request(stage, actor, object_key, {"page_size": 2})
        for label in ("page-1", "page-2"):
            await request.ask(FETCHES[object_key], label)
        with broken(stage, VIOLATIONS[scene.get("condition")].faults):
            await request.ask(concept, "probe")
        await stage.settle()


async def play_record_getters(stage: Stage, _: Scene) -> None:
    """Fetch records, reach a value of each type, and call the getters that clauses speak of (``getter:TYPE.NAME``)."""
    wanted = getters_to_call(stage.contract)
    async with instance(stage, "logged_in") as actor:
        add_past_calls(stage, actor)
        found: dict[str, str | None] = {"call_log": await _first_record(stage, actor)}
        for type_key in wanted:
            await _reach(stage, actor, type_key, found)
        for type_key, getters in wanted.items():
            reference = found.get(type_key)
            for getter in getters:
                if reference is not None:
                    name = f"getter:{type_key}.{getter}"
                    await stage.invoke(actor.id, name, Call(reference, getter, []), "getter")


async def _first_record(stage: Stage, actor: Actor) -> str | None:
    """The newest call log: that of the actor's session."""
    if stage.dialect.has("call_logs_fetch_next"):
        told = await Request(stage, actor, "call_log_request", {}).ask("call_logs_fetch_next", "fetch")
    elif stage.dialect.has("get_call_details"):
        told = await actor.call("get_call_details", "fetch")
    else:
        return None
    return _reference(told.value)


async def _reach(stage: Stage, actor: Actor, type_key: str, found: dict[str, str | None]) -> None:
    if type_key in found or type_key not in REACHED_BY:
        return
    owner, getter = REACHED_BY[type_key]
    reference = found.get(owner)
    if reference is None:
        return
    ended = await stage.invoke(actor.id, f"reach:{type_key}", Call(reference, getter, []), "reach")
    found[type_key] = _reference(ended.get("value"))


def _reference(value: Any) -> str | None:
    """The id of a reference, or of the first one in a list."""
    first = value[0] if isinstance(value, list) and value else value
    return str(first["id"]) if isinstance(first, dict) and first.get("$") == "ref" else None
