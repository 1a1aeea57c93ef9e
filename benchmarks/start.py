"""``python -m benchmarks.start``: how long the simulator takes from nothing to its first answer in this process.

Prints a JSON list of milliseconds: the first start, with its imports, then some more.
"""

from __future__ import annotations

import json
import time
import urllib.request


def once() -> float:
    """Milliseconds from making a simulator, in a thread, to its first answer over a socket."""
    began = time.perf_counter()
    from testcall_simulator.simulator import Simulator

    with Simulator() as sim:
        request = urllib.request.Request(
            f"{sim.addresses.path_base('call')}/call_tokens",
            b'{"sessionId":"s1"}',
            {"authToken": sim.world.user("alice").auth_token, "content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
            answer.read()
        return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    print(json.dumps([once() for _ in range(6)]))
