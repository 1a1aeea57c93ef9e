"""The honest part of an adapter in Python, and one fault that argv[1] names. Faults begin at the first `invoke`."""

import json
import os
import subprocess
import sys
import time

FAULT = sys.argv[1] if len(sys.argv) > 1 else "none"

DESCRIPTION = {
    "protocol": 1,
    "adapter": "hostile",
    "sdk": {"name": "hostile", "version": "1.0.0"},
    "contract": "calls/javascript-v4",
    "operations": ["Sdk.greet"],
    "capabilities": {"echo": True},
}


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def reply(number, result):
    send({"id": number, "result": result})


def honest_invoke(number, params):
    if params["operation"] != "greet":
        what = f"{params['on']}.{params['operation']}"
        send(
            {"id": number, "error": {"code": -32001, "message": f"the build has no {what}", "data": {"missing": what}}}
        )
    else:
        reply(number, {"ended": "returned", "value": params["arguments"], "at_ms": 1})


def hang(number, params):
    time.sleep(3600)


def deaf(number, params):
    """Replies, and never reads again."""
    honest_invoke(number, params)
    time.sleep(3600)


def die(number, params):
    sys.stdout.write('{"jsonrpc": "2.0", "id"')
    sys.stdout.flush()
    os._exit(7)


def killed(number, params):
    os.kill(os.getpid(), 9)


def rubbish(number, params):
    sys.stdout.write("Starting up...\n")
    sys.stdout.flush()


def bytes_rubbish(number, params):
    sys.stdout.buffer.write(b"\xff\xfe\x00\n")
    sys.stdout.buffer.flush()


def twice(number, params):
    honest_invoke(number, params)
    honest_invoke(number, params)


def wrong_id(number, params):
    honest_invoke(number + 1000, params)


def text_id(number, params):
    honest_invoke(str(number), params)


def both(number, params):
    send({"id": number, "result": {}, "error": {"code": 1, "message": "x"}})


def wrong_shape(number, params):
    reply(number, {"ended": "perhaps", "at_ms": 1})


def bad_callback(number, params):
    send({"method": "callback", "params": {"function": "f"}})
    honest_invoke(number, params)


def oversized(number, params):
    reply(number, {"ended": "returned", "value": "x" * 3_000_000, "at_ms": 1})


def endless(number, params):
    while True:
        sys.stdout.write("x" * 65536)


def flood(number, params):
    while True:
        send({"method": "log", "params": {"text": "again"}})


def stderr_flood(number, params):
    for _ in range(2000):
        sys.stderr.write("e" * 1000 + "\n")
    honest_invoke(number, params)


def forked(number, params):
    """Dies, and leaves a child that keeps stdout open."""
    subprocess.Popen(["sleep", "3600"])
    os._exit(3)


def child(number, params):
    """Honest, with a child of its own whose id it tells."""
    process = subprocess.Popen(["sleep", "3600"])
    reply(number, {"ended": "returned", "value": process.pid, "at_ms": 1})


def closes(number, params):
    os.close(1)
    time.sleep(3600)


def liar(number, params):
    """Everything works, whatever it is."""
    reply(number, {"ended": "resolved", "value": {"$": "undefined"}, "at_ms": 1})


def errs(number, params):
    send({"id": number, "error": "no"})


FAULTS = {name: found for name, found in globals().items() if callable(found) and name not in {"send", "reply"}}
invoke = FAULTS.get(FAULT, honest_invoke)

for line in sys.stdin:
    request = json.loads(line)
    method, params, number = request["method"], request.get("params", {}), request["id"]
    if method == "describe":
        reply(number, DESCRIPTION if FAULT != "old" else {**DESCRIPTION, "protocol": 0})
    elif method == "invoke":
        invoke(number, params)
    elif method == "echo":
        reply(
            number,
            params["value"] if FAULT != "forgets" else json.loads(json.dumps(params["value"]).replace('"$"', '"_"')),
        )
    elif method == "stop":
        if FAULT != "immortal":
            reply(number, None)
            break
    elif method in {"open", "close"}:
        reply(number, None)
    else:
        send({"id": number, "error": {"code": -32601, "message": f"no method {method}"}})
