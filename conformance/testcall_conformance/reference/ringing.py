"""The reference SDK with the surface of a dialect of ringing: what its operations do, and the objects that they deliver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from testcall_conformance.reference import facts
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.model import Event, Service, User
from testcall_conformance.reference.client.ringing import RingingCall, RingingClient
from testcall_conformance.reference.delivering import Failing
from testcall_conformance.reference.dialect import DialectSdk
from testcall_conformance.reference.objects import Settings
from testcall_conformance.reference.operations_setup import Action
from testcall_conformance.reference.refusals import Situation, clauses_of
from testcall_conformance.reference.shaping import Facts
from testcall_conformance.values import UNDEFINED, Ref
from testcall_contract.models import Contract, Operation

WIRE = "chat-v4"
"""The contract's word for what this client speaks."""


class RingingSdk(DialectSdk):
    """An SDK of a ringing dialect for one user."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.ringing = RingingClient(timers=self.client.timers, gives_up_as=_given_up_as(self.contract))
        self.ringing.on_event = lambda event: self.tell(Event(event.name, {"value": self.call_of(event.data["call"])}))

    async def close(self) -> None:
        """Disconnect and release everything."""
        await self.ringing.close()
        await super().close()

    def call_of(self, call: RingingCall | None) -> Facts | None:
        """A call as the dialect hands it out: an object whose getters tell what it is."""
        if call is None:
            return None
        record = {
            "sessionId": call.session_id,
            "status": call.status,
            "action": call.status,
            "type": call.type,
            "receiverType": call.receiver_type,
            "callInitiator": call.caller,
            "callReceiver": call.receiver,
            "sender": call.by,
            "initiatedAt": call.initiated_at,
            "joinedAt": call.joined_at,
            "metadata": dict(call.metadata or {}),
            "id": call.message_id,
        }
        kept = self.heap.keep(record, "Call")
        return {"": Ref(kept.id, "Call", {"sessionId": call.session_id, "status": call.status})}

    def user_of(self, user: User | None) -> Facts | None:
        """A user as the dialect hands them out."""
        told = facts.user(user)
        if told is None or user is None:
            return None
        kept = self.heap.keep({key: value for key, value in told.items() if key}, "User")
        return {**told, "": Ref(kept.id, "User", {"uid": user.uid, "name": user.name})}

    def action(self, concept: str) -> Action | None:
        """What an operation does."""
        own: Action | None = OPERATIONS.get(concept)
        return own or super().action(concept)

    def failing(self, concept: str, failure: CallFailure) -> Failing:
        """A failure of the client: a refusal of the service reaches the application with the service's code."""
        told = super().failing(concept, failure)
        code = (failure.server or {}).get("code")
        return Failing(told.concept, told.conditions, told.message, str(code), failure) if code else told

    def situation(self, operation: Operation, arguments: Mapping[str, Any]) -> Situation:
        """What a precondition may look at."""
        return Situation(
            contract=self.contract,
            initialized=self.ringing.initialized,
            logged_in=self.ringing.user is not None,
            logging_in=False,
            in_session=False,
            devices_granted=True,
            auth_key=UNDEFINED,
            arguments=arguments,
            requires=tuple(operation.requires),
            in_call=self.ringing.active is not None,
        )


def _given_up_as(contract: Contract) -> str:
    """The status to which documents say that a call goes that nobody answers."""
    for clause in clauses_of(contract.session, "ringing.status"):
        if clause.args.get("action") == "timeout" and "to" in clause.args:
            return str(clause.args["to"])
    return "unanswered"


# --- operations ------------------------------------------------------------------------------------------------------

Arguments = Mapping[str, Any]


async def _initialize(sdk: RingingSdk, given: Arguments, _target: Any) -> Any:
    settings = given.get("app_settings")
    values = settings.values if isinstance(settings, Settings) else {}
    hosts = [str(values.get(key) or getattr(sdk.world.addresses, name)) for key, name in
             (("admin_host", "api"), ("client_host", "client"))]  # fmt: skip
    service = Service(
        app_id=str(given.get("app_id")),
        region=str(values.get("region", "")).lower(),
        calls="",
        api=_secure(hosts[0]),
        client=_secure(hosts[1]),
        ca=sdk.world.ca or None,
    )
    await sdk.ringing.initialize(service)
    return True


def _secure(host: str) -> str:
    return host if "://" in host else f"https://{host}"


async def _login(sdk: RingingSdk, given: Arguments, _target: Any) -> Any:
    return sdk.user_of(await sdk.ringing.login(str(given["uid"]), str(given["auth_key"])))


def _logged_in_user(sdk: RingingSdk, _given: Arguments, _target: Any) -> Any:
    return sdk.user_of(sdk.ringing.user)


async def _initiate(sdk: RingingSdk, given: Arguments, _target: Any) -> Any:
    call, timeout = given.get("call"), given.get("timeout")
    values = call.values if isinstance(call, Settings) else {}
    made = await sdk.ringing.initiate(
        str(values.get("receiver", "")),
        str(values.get("call_type", "")),
        str(values.get("receiver_type", "")),
        metadata=values.get("metadata"),
        timeout_s=float(timeout) if isinstance(timeout, (int, float)) else None,
    )
    return sdk.call_of(made)


async def _accept(sdk: RingingSdk, given: Arguments, _target: Any) -> Any:
    return sdk.call_of(await sdk.ringing.accept(str(given["session_id"])))


async def _reject(sdk: RingingSdk, given: Arguments, _target: Any) -> Any:
    return sdk.call_of(await sdk.ringing.reject(str(given["session_id"]), str(given.get("call_status"))))


async def _end(sdk: RingingSdk, given: Arguments, _target: Any) -> Any:
    return sdk.call_of(await sdk.ringing.end(str(given["session_id"])))


def _active(sdk: RingingSdk, _given: Arguments, _target: Any) -> Any:
    return sdk.call_of(sdk.ringing.active)


def _clear(sdk: RingingSdk, _given: Arguments, _target: Any) -> Any:
    sdk.ringing.clear_active()


async def _count(sdk: RingingSdk, given: Arguments, _target: Any) -> Any:
    return await sdk.ringing.participants(str(given["session_id"]), str(given.get("call_kind")))


OPERATIONS: dict[str, Any] = {
    "initialize": _initialize,
    "login": _login,
    "get_logged_in_user": _logged_in_user,
    "initiate_call": _initiate,
    "accept_call": _accept,
    "reject_call": _reject,
    "end_call": _end,
    "get_active_call": _active,
    "clear_active_call": _clear,
    "get_call_participant_count": _count,
}
"""Operation concept → what it does; listeners are those of every dialect."""
