"""The simulator as an object: starting, stopping, threads, ports, and what loading it loads."""

import io
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from testcall_simulator import Simulator, SimulatorError, default_world
from testcall_simulator.simulate import SimulateOptions, greeting, run_simulate


async def test_it_serves_from_entry_to_exit():
    async with Simulator() as sim:
        url, ca = sim.addresses.http, sim.addresses.ca_path
        async with httpx.AsyncClient() as http:
            assert (await http.get(url + "/")).status_code == 404
        assert ca.exists()
    assert not ca.parent.exists()
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(url + "/")


async def test_two_simulators_know_nothing_of_each_other():
    async with Simulator() as one, Simulator(seed=1) as two, httpx.AsyncClient() as http:
        headers = {"authToken": one.world.user("alice").auth_token}
        assert (await http.get(one.addresses.plain_calls_base() + "/calls", headers=headers)).status_code == 200
        assert (await http.get(two.addresses.plain_calls_base() + "/calls", headers=headers)).status_code == 401


async def test_it_stops_while_clients_hold_their_connections():
    async with httpx.AsyncClient() as http, Simulator() as sim:
        await http.get(sim.addresses.http + "/")


async def test_it_can_be_entered_again():
    sim = Simulator()
    for _ in range(2):
        async with sim, httpx.AsyncClient() as http:
            await http.get(sim.addresses.http + "/")
    assert len(sim.trace) == 2


async def test_it_is_not_entered_twice_at_once():
    async with Simulator() as sim:
        with pytest.raises(SimulatorError, match="runs already"):
            await sim.__aenter__()
        async with httpx.AsyncClient() as http:
            assert (await http.get(sim.addresses.http + "/")).status_code == 404


def test_it_serves_in_a_thread_of_its_own():
    before = threading.active_count()
    with Simulator() as sim:
        assert httpx.get(sim.addresses.http + "/").status_code == 404

        async def where():
            return threading.current_thread().name

        assert sim.run(where()) == "testcall-simulator"
    assert threading.active_count() == before


def test_what_does_not_run_has_no_addresses():
    with pytest.raises(SimulatorError, match="doesn't run"):
        _ = Simulator().addresses


async def test_run_is_for_the_thread_only():
    async def nothing():
        pass

    async with Simulator() as sim:
        with pytest.raises(SimulatorError, match="await instead"):
            sim.run(nothing())


@pytest.mark.parametrize("which", ["port", "tls_port"])
def test_a_port_that_is_taken_is_named(which):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SimulatorError, match=f"127.0.0.1:{port}"), Simulator(**{which: port}):
            pass


def test_a_host_that_is_not_here_is_named():
    with pytest.raises(SimulatorError, match=r"192\.0\.2\.1"), Simulator(host="192.0.2.1"):
        pass


async def test_it_serves_an_ipv6_host():
    if not socket.has_ipv6:
        pytest.skip("no IPv6 on this machine")
    async with Simulator(host="::1") as sim, httpx.AsyncClient() as http:
        answer = await http.get(sim.addresses.plain_calls_base() + "/calls")
    assert answer.json()["error"]["code"] == "AUTH_ERR_EMPTY_APIKEY"


async def test_a_given_world_is_served():
    world = default_world(seed=9)
    async with Simulator(world=world) as sim:
        assert sim.world is world
        assert sim.addresses.app_id == "testapp"


def test_addresses_take_the_form_of_each_sdk():
    with Simulator() as sim:
        addresses = sim.addresses
        assert addresses.calls_base(4) == f"https://calls.localhost:{addresses.tls_port}/v3.0/"
        assert addresses.calls_base(5) == f"https://calls.localhost:{addresses.tls_port}/v3.0"
        assert addresses.for_sdk(5)["calls_plain"] == f"http://127.0.0.1:{addresses.port}/testapp/call/v3.0"
        assert addresses.for_sdk(4)["xmpp_plain"] == f"ws://127.0.0.1:{addresses.port}/xmpp-websocket"


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_importing_loads_nothing_heavy():
    code = "import testcall_simulator, sys; print(*sys.modules)"
    heavy = {
        "aiortc",
        "av",
        "numpy",
        "starlette",
        "uvicorn",
        "httpx",
        "respx",
        "jwt",
        "trustme",
        "lxml",
        "pydantic",
        "hypothesis",
    }
    assert heavy & set(python(code)) == set()


def test_serving_http_loads_nothing_that_it_does_not_need():
    code = """
import asyncio, sys
from testcall_simulator import Simulator
async def main():
    async with Simulator():
        pass
asyncio.run(main())
print(*sys.modules)
"""
    assert {"aiortc", "av", "numpy", "respx", "hypothesis", "pydantic", "starlette"} & set(python(code)) == set()


def test_what_is_promised_to_users_is_there():
    import testcall_simulator

    for name in testcall_simulator.__all__:
        assert getattr(testcall_simulator, name) is not None
    with pytest.raises(AttributeError, match="no_such"):
        _ = testcall_simulator.no_such


def test_the_greeting_tells_where_and_who():
    with Simulator() as sim:
        told = greeting(sim)
        for word in (
            sim.addresses.calls_base(4),
            str(sim.addresses.ca_path),
            sim.control_token,
            sim.world.user("bob").auth_token,
        ):
            assert word in told


def test_the_assumptions_are_printed_and_their_ids_are_unique():
    out = io.StringIO()
    assert run_simulate(SimulateOptions(assumptions=True), out) == 0
    ids = [line.split()[0] for line in out.getvalue().splitlines()]
    assert len(set(ids)) == len(ids) > 20


@pytest.mark.parametrize(
    ("how", "form"),
    [("SIGINT", None), ("SIGTERM", None), ("SIGINT", "env"), ("SIGINT", "playwright"), ("SIGINT", "cypress")],
)
def test_simulate_prints_and_ends_cleanly_on_a_signal(how, form):
    code = f"""
import os, signal, sys
from testcall_simulator.simulate import SimulateOptions, run_simulate
class Out:
    def write(self, text): sys.stdout.write(text)
    def flush(self):
        sys.stdout.flush()
        os.kill(os.getpid(), signal.{how})
sys.exit(run_simulate(SimulateOptions(print={form!r}), Out()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "alice_1750000000" in done.stdout
    assert {
        None: "Ctrl-C",
        "env": "export TESTCALL_CA=",
        "playwright": "--host-resolver-rules",
        "cypress": "before:browser:launch",
    }[form] in done.stdout


def test_simulate_refuses_a_form_that_it_does_not_know():
    with pytest.raises(SimulatorError, match="none of playwright, cypress, env"):
        run_simulate(SimulateOptions(print="selenium"))


def test_the_shell_takes_what_env_prints():
    from testcall_simulator.hints import env

    with Simulator() as sim:
        script = env(sim) + 'printf "%s" "$TESTCALL_TOKEN_ALICE"'
        told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert told == sim.world.user("alice").auth_token
