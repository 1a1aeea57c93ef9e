"""The service over real sockets: plain and TLS, by clients that are not ours."""

import asyncio
import json
import shutil
import ssl

import httpx
import pytest

from testcall_simulator import Page, Simulator


@pytest.fixture
async def sim():
    async with Simulator() as running:
        yield running


async def run(*command, env=None):
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=env
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_the_authority_is_all_that_a_client_needs_for_tls(sim):
    context = ssl.create_default_context(cafile=str(sim.addresses.ca_path))
    async with httpx.AsyncClient(verify=context) as http:
        assert (await http.get(sim.addresses.path_base("call", tls=True) + "/calls")).status_code == 401


async def test_a_client_that_does_not_trust_the_authority_is_not_fooled(sim):
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await http.get(sim.addresses.path_base("call", tls=True) + "/calls")


@pytest.mark.parametrize(
    "name",
    ["calls.localhost", "xmpp.localhost", "app.localhost", "testapp.call-us.cometchat.io", "xmpp.rtc-us.cometchat.io"],
)
async def test_the_certificate_holds_for_every_name_of_the_service(sim, name):
    context = ssl.create_default_context(cafile=str(sim.addresses.ca_path))
    _, writer = await asyncio.open_connection("127.0.0.1", sim.addresses.tls_port, ssl=context, server_hostname=name)
    writer.close()


async def test_curl_makes_a_call_token_by_the_regions_name(sim):
    host, port = "testapp.call-us.cometchat.io", sim.addresses.tls_port
    out = await run(
        *("curl", "--silent", "--show-error", "--cacert", str(sim.addresses.ca_path)),
        *("--connect-to", f"{host}:443:127.0.0.1:{port}"),
        *("--header", f"authToken: {sim.world.user('alice').auth_token}", "--json", '{"sessionId": "s"}'),
        f"https://{host}/v3.0/call_tokens",
    )
    assert sim.world.read_call_token(json.loads(out)["data"]["token"]).uid == "alice"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
async def test_nodes_fetch_logs_in_and_verifies_a_call_token(sim):
    script = """
      const [api, client, call, key] = process.argv.slice(1)
      const json = {'content-type': 'application/json', appId: 'testapp'}
      const data = async answer => (await answer.json()).data
      const post = (url, headers, body, method = 'POST') =>
        fetch(url, {method, headers: {...json, ...headers}, body: JSON.stringify(body)}).then(data)
      const {authToken} = await post(api + '/users/bob/auth_tokens', {apiKey: key}, {platform: 'web', deviceId: 'web_x'})
      const me = await post(client + '/me', {authToken}, {platform: 'web'}, 'PUT')
      const {token} = await post(call + '/call_tokens', {authToken}, {sessionId: 'Node'})
      const verified = await fetch(call + '/call_tokens?configVersion=1', {headers: {calltoken: token, appId: 'testapp'}}).then(data)
      console.log(JSON.stringify({uid: me.uid, session: verified.sessionId}))
    """
    bases = [sim.addresses.path_base(surface, tls=True) for surface in ("api", "apiclient", "call")]
    env = {"NODE_EXTRA_CA_CERTS": str(sim.addresses.ca_path), "PATH": "/usr/bin:/bin:/usr/local/bin"}
    out = await run(shutil.which("node"), "--input-type=module", "-e", script, *bases, sim.world.auth_key, env=env)
    assert json.loads(out) == {"uid": "bob", "session": "node"}


async def test_a_preflight_allows_what_the_sdks_send(sim):
    headers = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authtoken,content-type,x-of-tomorrow",
    }
    async with httpx.AsyncClient() as http:
        answer = await http.options(sim.addresses.plain_calls_base() + "/call_tokens", headers=headers)
    assert answer.status_code == 204
    allowed = {name.strip() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {
        "authtoken",
        "calltoken",
        "content-type",
        "accept",
        "appid",
        "apikey",
        "authorization",
        "x-of-tomorrow",
    } <= allowed
    assert "PUT" in answer.headers["access-control-allow-methods"]
    (event,) = sim.trace.select(name="preflight")
    assert event.data["status"] == 204


async def test_pages_are_served_on_the_app_origin_only(sim, tmp_path):
    (tmp_path / "sdk.js").write_text("let x")
    sim.pages["/"] = Page("<p>hello")
    sim.pages["/sdk.js"] = Page(tmp_path / "sdk.js", "text/javascript")
    context = ssl.create_default_context(cafile=str(sim.addresses.ca_path))
    base = f"https://127.0.0.1:{sim.addresses.tls_port}"
    async with httpx.AsyncClient(verify=context) as http:
        app = {"host": f"app.localhost:{sim.addresses.tls_port}"}
        assert (await http.get(base + "/", headers=app)).text == "<p>hello"
        script = await http.get(base + "/sdk.js", headers=app)
        assert (script.text, script.headers["content-type"]) == ("let x", "text/javascript")
        assert (await http.get(base + "/nix", headers=app)).status_code == 404
        assert (await http.get(base + "/")).json()["error"]["code"] == "ERR_API_NOT_FOUND"


async def test_a_body_beyond_a_mebibyte_is_refused(sim):
    async with httpx.AsyncClient() as http:
        answer = await http.post(sim.addresses.plain_calls_base() + "/call_tokens", content=b"x" * (1 << 20) + b"x")
    assert answer.status_code == 413


async def test_the_keep_alive_of_the_signalling_socket_is_answered(sim):
    async with httpx.AsyncClient() as http:
        answer = await http.get(sim.addresses.http + "/xmpp-websocket?token=x")
    assert (answer.status_code, answer.content, answer.headers["access-control-allow-origin"]) == (200, b"", "*")


async def test_an_analytics_ping_is_taken_and_traced_with_its_session(sim):
    context = ssl.create_default_context(cafile=str(sim.addresses.ca_path))
    url = f"https://127.0.0.1:{sim.addresses.tls_port}/v1/calls/ping"
    headers = {"host": "metrics-us.cometchat.io", "appid": "testapp", "authorization": "x"}
    async with httpx.AsyncClient(verify=context) as http:
        taken = await http.post(
            url, headers=headers, json={"uts": 1, "type": "video", "sessionId": "S", "isRecording": False}
        )
        refused = await http.post(url, headers=headers | {"appid": "nix"}, json={})
    assert taken.status_code == 200
    assert refused.json()["error"]["code"] == "AUTH_ERR_INVALID_APPID"
    assert [event.data.get("session") for event in sim.trace.select(name="call_ping")] == ["s", None]


async def test_requests_in_flight_together_are_each_answered(sim):
    async with httpx.AsyncClient() as http:
        headers = {"authToken": sim.world.user("alice").auth_token}
        url = sim.addresses.plain_calls_base() + "/call_tokens"
        answers = await asyncio.gather(
            *(http.post(url, headers=headers, json={"sessionId": f"s{n}"}) for n in range(50))
        )
    tokens = [sim.world.read_call_token(answer.json()["data"]["token"]).session_id for answer in answers]
    assert tokens == [f"s{n}" for n in range(50)]
