"""What to put into one's own tests and environment so that an app talks to this simulator: `testcall simulate --print`."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from testcall_simulator.simulator import Simulator


def hint(form: Literal["playwright", "cypress", "env"], simulator: Simulator) -> str:
    """The snippet of that form."""
    return {"playwright": playwright, "cypress": cypress, "env": env}[form](simulator)


def env(simulator: Simulator) -> str:
    """Shell assignments: addresses, certificate, the app, its key, and a token for each user."""
    addresses, world = simulator.addresses, simulator.world
    variables = {
        "TESTCALL_APP_ID": world.app.app_id,
        "TESTCALL_REGION": world.app.region,
        "TESTCALL_AUTH_KEY": world.auth_key,
        "TESTCALL_REST_KEY": world.rest_key,
        "TESTCALL_CALLS_HOST_V4": addresses.calls_base(4),
        "TESTCALL_CALLS_HOST": addresses.calls_base(5),
        "TESTCALL_ADMIN_HOST": addresses.api_base(),
        "TESTCALL_CLIENT_HOST": addresses.client_base(),
        "TESTCALL_CALLS_HOST_PLAIN": addresses.plain_calls_base(),
        "TESTCALL_ADMIN_HOST_PLAIN": addresses.plain_api_base(),
        "TESTCALL_CLIENT_HOST_PLAIN": addresses.plain_client_base(),
        "TESTCALL_CHAT_ADMIN_HOST": addresses.chat_admin_host,
        "TESTCALL_CHAT_CLIENT_HOST": addresses.chat_client_host,
        "TESTCALL_MANAGEMENT": addresses.management,
        "TESTCALL_MANAGEMENT_KEY": world.management_key,
        "TESTCALL_MANAGEMENT_SECRET": world.management_secret,
        "TESTCALL_CONTROL": addresses.control,
        "TESTCALL_CONTROL_TOKEN": simulator.control_token,
        "TESTCALL_CA": str(addresses.ca_path),
        "NODE_EXTRA_CA_CERTS": str(addresses.ca_path),
    }
    for user in world.users.values():
        variables[f"TESTCALL_TOKEN_{user.uid.upper().replace('-', '_')}"] = user.auth_token
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def playwright(simulator: Simulator) -> str:
    """`use` of a Playwright configuration: the app keeps the vendor's hosts, the browser resolves them to here."""
    use = {
        "ignoreHTTPSErrors": True,
        "permissions": ["camera", "microphone"],
        "launchOptions": {"args": browser_arguments(simulator)},
    }
    return f"// playwright.config.ts: Chromium; the app itself stays as it is\nuse: {json.dumps(use, indent=2)},\n{_who(simulator)}"


def cypress(simulator: Simulator) -> str:
    """`setupNodeEvents` of a Cypress configuration, for Chromium-family browsers."""
    arguments = json.dumps([*browser_arguments(simulator), "--ignore-certificate-errors"], indent=2).replace(
        "\n", "\n    "
    )
    return (
        "// cypress.config.js: Chromium-family browsers; the app itself stays as it is\n"
        "setupNodeEvents(on) {\n"
        "  on('before:browser:launch', (browser, launchOptions) => {\n"
        f"    launchOptions.args.push(...{arguments})\n"
        "    return launchOptions\n"
        "  })\n"
        "},\n"
        f"{_who(simulator)}"
    )


def browser_arguments(simulator: Simulator) -> list[str]:
    """Arguments with which Chromium finds the simulator under the vendor's names, and has a camera and a microphone."""
    here = f"127.0.0.1:{simulator.addresses.tls_port}"
    hosts = ("*.cometchat.io", "*.cc-cluster-2.io", "*.cc-edge-2.io")
    return [
        "--host-resolver-rules=" + ", ".join(f"MAP {host} {here}" for host in hosts),
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        "--autoplay-policy=no-user-gesture-required",
    ]


def _who(simulator: Simulator) -> str:
    world = simulator.world
    users = "".join(f"//   {user.uid}: {user.auth_token}\n" for user in world.users.values())
    return f"// app id {world.app.app_id}, region {world.app.region}, auth key {world.auth_key}; users and their auth tokens:\n{users}"
