"""The door to the reference SDK: the adapter protocol, in process. It carries messages and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from testcall_conformance.adapters.base import ignore_message
from testcall_conformance.errors import AdapterFailure, ConformanceError
from testcall_conformance.protocol import (
    PROTOCOL,
    Capabilities,
    ControlState,
    Description,
    Ended,
    Invoke,
    Notification,
    SdkInfo,
    WorldInfo,
)
from testcall_conformance.reference.alternatives import choose
from testcall_conformance.reference.delivering import Delivering
from testcall_conformance.reference.dialect import DialectSdk
from testcall_conformance.reference.interface import control_named
from testcall_conformance.reference.observing import observe
from testcall_conformance.reference.operations import press
from testcall_conformance.reference.shaping import Shaper, has_undefined
from testcall_conformance.reference.surface import operation_names
from testcall_contract.errors import ContractError
from testcall_contract.loader import load
from testcall_contract.models import Contract

NAME = "testcall reference SDK"
INSTANCES = 64


class ReferenceAdapter:
    """The reference SDK of ``contract`` (a name such as ``calls/javascript-v5``, or a contract).

    ``options`` choose alternatives of conflicts (``{"C36": "120000"}``); the option ``media=none`` joins without any media.
    """

    def __init__(self, contract: str | Contract, options: Mapping[str, str] | None = None) -> None:
        choices = dict(options or {})
        media = choices.pop("media", "real")
        if media not in {"real", "none"}:
            raise ConformanceError(f"media={media} is no way to run the reference SDK: real or none")
        self._media = media == "real"
        self.on_message: Callable[[Notification], None] = ignore_message
        self._contract = choose(_loaded(contract), choices)
        self._delivering = Delivering(self._contract, Shaper(self._contract.type_shapes, has_undefined(self._contract)))
        self._instances: dict[str, DialectSdk] = {}

    async def start(self) -> Description:
        """Say what it is."""
        contract = self._contract
        return Description(
            protocol=PROTOCOL,
            adapter="reference",
            sdk=SdkInfo(name=NAME, version=_version()),
            contract=contract.contract,
            operations=operation_names(contract),
            events=sorted({event.name for event in contract.events.values()}),
            capabilities=Capabilities(instances=INSTANCES, clock=True, observe=True, ui=True, echo=True),
        )

    async def open(self, instance: str, world: WorldInfo) -> None:
        """Make a fresh SDK; one of the same name is closed first."""
        await self.close(instance)
        self._instances[instance] = self._sdk()(
            self._delivering, instance, world, self._tell, media=self._media, version=_version()
        )

    async def invoke(self, call: Invoke) -> Ended:
        """Call the SDK."""
        return await self._instance(call.instance).invoke(call)

    async def capability(self, instance: str, method: str, params: Mapping[str, Any]) -> Any:
        """Use a capability."""
        if method == "echo":
            return params.get("value")
        sdk = self._instance(instance)
        if method == "advance":
            sdk.client.timers.advance(float(params["ms"]))
            return None
        if method == "observe":
            return observe(sdk).model_dump()
        if method in {"look", "press"}:
            key = control_named(self._contract, str(params["role"]), str(params["name"]))
            classed = sdk.class_visible(str(params["name"])) if params["role"] == "generic" else None
            visible = classed if classed is not None else key is not None and sdk.control_visible(key)
            if method == "look":
                text = str(params["name"]) if visible else ""
                return ControlState(visible=visible, enabled=visible, text=text, count=int(visible)).model_dump()
            if key is None or not visible:
                raise AdapterFailure("refused", f"there is no {params['role']} {params['name']!r} to press")
            press(sdk, key)
            return None
        raise AdapterFailure("unsupported", f"the reference SDK has no capability {method!r}")

    async def close(self, instance: str) -> None:
        """End an instance."""
        sdk = self._instances.pop(instance, None)
        if sdk is not None:
            await sdk.close()

    async def stop(self) -> None:
        """End all instances."""
        for name in list(self._instances):
            await self.close(name)

    def _sdk(self) -> type[DialectSdk]:
        """The SDK that speaks the contract's wire."""
        from testcall_conformance.reference.ringing import WIRE, RingingSdk

        return RingingSdk if self._contract.sdk.wire == WIRE else DialectSdk

    def _instance(self, name: str) -> DialectSdk:
        try:
            return self._instances[name]
        except KeyError:
            raise AdapterFailure("refused", f"there is no instance {name!r}; open it first") from None

    def _tell(self, message: Notification) -> None:
        self.on_message(message)


def _loaded(contract: str | Contract) -> Contract:
    if isinstance(contract, Contract):
        return contract
    try:
        return load(contract)
    except ContractError as error:
        raise ConformanceError(f"--sdk reference:{contract}: {error}") from None


def _version() -> str:
    try:
        return version("testcall")
    except PackageNotFoundError:
        return "0"
