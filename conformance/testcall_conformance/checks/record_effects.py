"""Judging what requests for records do: pages, limits, filters. The service's own answers are what is compared with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from testcall_conformance.checks.registry import Judgement, NotRun, Question, unknown
from testcall_conformance.evidence import Recording, Told
from testcall_conformance.scenes import Scene
from testcall_contract.shapes import describe

RECORD_EFFECTS = frozenset(
    {"next_page", "previous_page", "no_page", "fetch_completes", "token_of_user", "host_used", "log_order"}
)
"""Effects of the operations that read records."""

_ROUTES = ("list_calls", "list_transcriptions", "get_call")


def plan_record_effect(question: Question) -> Sequence[Scene] | NotRun:
    """The scene in which the effect of a fetch is seen."""
    name = str(question.args["effect"])
    kind = "transcript_request" if question.promise.subject.key.startswith("transcripts") else "call_log_request"
    if kind not in question.contract.settings:
        return NotRun(f"the dialect has no {kind}", "simulator")
    if name in ("next_page", "previous_page", "no_page"):
        return [Scene.of("pages", object=kind)] if kind != "call_log_request" else [Scene.of("pages")]
    if name == "fetch_completes":
        return [Scene.of("fetch_race", operation=question.promise.subject.key)]
    if name == "host_used":
        return [Scene.of("records", object=kind)]
    return NotRun(f"no check sees the effect {name!r} from outside", "simulator")


def judge_record_effect(question: Question, recording: Recording) -> Judgement:
    """The effect of a fetch, by what came and by what the service had answered."""
    name, state = str(question.args["effect"]), str(question.args.get("state", ""))
    if name == "fetch_completes":
        return _completes(recording)
    if name == "host_used":
        asked = answers(recording)
        return Judgement(
            bool(asked), "the request goes to the calls host", f"{len(asked)} requests seen there", _seqs(asked)
        )
    if name == "no_page":
        label = {"last": "past", "first": "first", "fresh": "fresh"}.get(state, "past")
        told = _called(recording, label)
        if told is None or told.result is None:
            return unknown("an empty list comes", "the call was not made")
        return Judgement(told.result.ok and told.result.value == [], "an empty list comes", str(told.result), told.seqs)
    return _judge_page(recording, name)


def _judge_page(recording: Recording, name: str) -> Judgement:
    """The items that follow those of the first page, or the first page's again."""
    one, two, back = (_called(recording, label) for label in ("page-1", "page-2", "back"))
    second = two if name == "next_page" else back
    expected = "the items that follow come" if name == "next_page" else "the items before come"
    if one is None or second is None or second.result is None:
        return unknown(expected, "the calls were not made")
    first_ids, ids = ids_answered(recording, one), ids_answered(recording, second)
    seqs = (*one.seqs, *second.seqs)
    if not second.result.ok or not isinstance(second.result.value, list):
        return Judgement(False, expected, str(second.result), seqs)
    count = len(second.result.value)
    right = (
        bool(ids) and count == len(ids) and (not set(ids) & set(first_ids) if name == "next_page" else ids == first_ids)
    )
    seen = (
        f"{count} items came; the service had answered {len(ids)}, {len(set(ids) & set(first_ids))} of the first page"
    )
    return Judgement(right, expected, seen, seqs)


def _completes(recording: Recording) -> Judgement:
    told = _called(recording, "first")
    expected = "the fetch that is under way ends well"
    if told is None or told.result is None:
        return unknown(expected, "the call was not made")
    return Judgement(told.result.ok, expected, str(told.result), told.seqs)


def _called(recording: Recording, label: str) -> Told | None:
    found = recording.calls(label=label)
    return found[-1] if found else None


def answers(recording: Recording, after: int = 0, before: int | None = None) -> list[Any]:
    """The service's answers to requests for records, in a part of the recording."""
    return [
        e for e in recording.events
        if e.kind == "wire" and e.name in _ROUTES and e.seq > after and (before is None or e.seq < before)
    ]  # fmt: skip


def items_answered(recording: Recording, told: Told) -> list[dict[str, Any]]:
    """The records that the service had answered when the call settled."""
    end = told.outcome.seq if told.outcome is not None else None
    found = answers(recording, told.step.seq, end)
    body = found[-1].data.get("response", {}).get("body") if found else None
    data = body.get("data") if isinstance(body, Mapping) else None
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def ids_answered(recording: Recording, told: Told) -> list[str]:
    """Their ids."""
    return [
        str(item.get("tid") or item.get("mid") or item.get("sessionId")) for item in items_answered(recording, told)
    ]


def _seqs(events: Sequence[Any]) -> tuple[int, ...]:
    return tuple(e.seq for e in events[:3])


# --- settings of requests --------------------------------------------------------------------------------------------

Fits = Callable[[Mapping[str, Any], Any, str], bool]
"""(record as the service shows it, value, uid of who asks) → whether it fits the filter."""

FITS: dict[str, Fits] = {
    "type": lambda item, value, _: item.get("type") == value,
    "category": lambda item, value, _: item.get("mode") == value,
    "status": lambda item, value, _: (
        str(item.get("status")).replace("cancelled", "canceled") == str(value).replace("cancelled", "canceled")
    ),
    "has_recording": lambda item, value, _: bool(item.get("hasRecording")) is bool(value),
    "has_transcriptions": lambda item, value, _: bool(item.get("hasTranscription")) is bool(value),
    "direction": lambda item, value, uid: (item.get("initiator") == uid) is (value == "outgoing"),
    "uid": lambda item, value, _: (
        value in {item.get("initiator"), item.get("receiver"), *(p.get("uid") for p in item.get("participants", []))}
    ),
    "guid": lambda item, value, _: item.get("receiverType") == "group" and item.get("receiver") == value,
    "auth_token": lambda item, _, uid: (
        uid in {item.get("initiator"), item.get("receiver"), *(p.get("uid") for p in item.get("participants", []))}
    ),
}
"""Field of a filter → whether a record fits; the fields are those of the service's pages."""


def judge_filter(recording: Recording, field: str, value: Any, uid: str) -> Judgement:
    """Only records that fit came, some did, and there were others."""
    expected = f"only records come whose {field.replace('_', ' ')} is {describe(value)}"
    told = recording.probe()
    if told is None or told.result is None:
        return unknown(expected, "the call was not made")
    if not told.result.ok or not isinstance(told.result.value, list):
        return Judgement(False, expected, str(told.result), told.seqs)
    shown, count = items_answered(recording, told), len(told.result.value)
    odd = [item for item in shown if not FITS[field](item, value, uid)]
    if not shown or not answers(recording, told.step.seq):
        return unknown(
            expected, f"nothing came ({count} items), so nothing can be told of the filter", "sdk", told.seqs
        )
    seen = f"{count} records came; of the {len(shown)} that the service gave, {len(odd)} are of another kind"
    return Judgement(not odd and count == len(shown), expected, seen, told.seqs)


def judge_limit(recording: Recording, value: Any) -> Judgement:
    """No more records come at once than the limit, though there are more."""
    expected = f"no more than {value} come at once"
    told = recording.probe()
    if told is None or told.result is None:
        return unknown(expected, "the call was not made")
    if not told.result.ok or not isinstance(told.result.value, list):
        return Judgement(False, expected, str(told.result), told.seqs)
    count, asked = len(told.result.value), answers(recording, told.step.seq)
    size = _page_size(str(asked[-1].data.get("url", ""))) if asked else None
    seen = f"{count} came" + (f"; the service was asked for {size}" if size is not None else "")
    return Judgement(0 < count <= value and size in (None, value), expected, seen, told.seqs)


def _page_size(url: str) -> int | None:
    """How many records a request asks for (``perPage``, of the service's pages); None when it doesn't say."""
    found = re.search(r"[?&]perPage=(\d+)", url)
    return int(found[1]) if found else None
