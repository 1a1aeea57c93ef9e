"""The delivery of webhooks: one queue and one worker each, so that order is kept. What is told is decided in :mod:`~testcall_simulator.webhooks`.

Nothing goes anywhere but to the addresses that the user has given: no proxy of the environment is used, no redirection followed.
Retries wait on the service's clock; how long a receiver may take to answer is the host's time.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import orjson

from testcall_contract.trace import Trace
from testcall_simulator.clock import Clock
from testcall_simulator.webhooks import ANSWER_WITHIN_S, RETRY_AFTER_S, Told, Webhook
from testcall_simulator.world import World

MAX_WAITING = 10_000
"""Messages that may wait for one receiver; further ones are lost, and the trace says so."""


class WebhookService:
    """Delivers the webhooks of one simulator until :meth:`close`. Lives in one event loop.

    Each attempt is an event ``webhook`` of the trace: ``url``, ``trigger``, ``attempt`` (from 1), ``body``, and ``status`` or ``error``.
    """

    def __init__(self, world: World, trace: Trace, clock: Clock) -> None:
        self._world = world
        self._trace = trace
        self._clock = clock
        self._queues: dict[tuple[str, str], asyncio.Queue[Told]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """End; what waits is lost."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def idle(self) -> None:
        """Return when nothing waits to be delivered, retries included."""
        for queue in list(self._queues.values()):
            await queue.join()

    def tell(self, told: Told) -> None:
        """Tell whoever wants to know of that, after what was told before."""
        for webhook in self._world.webhooks.of(told.app_id):
            if not webhook.wants(told):
                continue
            key = (webhook.app_id, webhook.id)
            if key not in self._queues:
                self._queues[key] = asyncio.Queue(MAX_WAITING)
                worker = asyncio.create_task(self._deliver_all(key), name=f"webhook {webhook.id}")
                self._workers.add(worker)
                worker.add_done_callback(self._workers.discard)
            try:
                self._queues[key].put_nowait(told)
            except asyncio.QueueFull:
                self._record(webhook, told, None, error=f"lost: {MAX_WAITING} messages wait already")

    async def _deliver_all(self, key: tuple[str, str]) -> None:
        queue = self._queues[key]
        while True:
            told = await queue.get()
            try:
                await self._deliver(key, told)
            finally:
                queue.task_done()

    async def _deliver(self, key: tuple[str, str], told: Told) -> None:
        """One message, with its retries; the webhook is looked up each time, for it may have been changed or removed."""
        for attempt, wait_s in enumerate((0.0, *RETRY_AFTER_S), start=1):
            if wait_s:
                await self._clock.sleep(wait_s)
            webhook = self._world.webhooks.find(*key)
            if webhook is None or not webhook.enabled:
                return
            body = told.message(self._world.find_app(told.app_id).region, webhook)
            taken = await self._send(webhook, told, body, attempt)
            if taken or not webhook.retry:
                return

    async def _send(self, webhook: Webhook, told: Told, body: dict[str, Any], attempt: int) -> bool:
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
        auth = httpx.BasicAuth(webhook.username, webhook.password) if webhook.username else httpx.USE_CLIENT_DEFAULT
        about = {"attempt": attempt, "body": body}
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answer = await self._client.post(
                    webhook.url, content=orjson.dumps(body), headers={"content-type": "application/json"}, auth=auth
                )
        except TimeoutError:
            self._record(webhook, told, None, error=f"no answer within {ANSWER_WITHIN_S:g} s", **about)
            return False
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self._record(webhook, told, None, error=str(error) or type(error).__name__, **about)
            return False
        self._record(webhook, told, answer.status_code, **about)
        return answer.is_success

    def _record(self, webhook: Webhook, told: Told, status: int | None, **about: Any) -> None:
        found = {"status": status} if status is not None else {}
        self._trace.add(
            "wire",
            "service",
            "webhook",
            channel="webhook",
            app=webhook.app_id,
            session=told.session,
            webhook=webhook.id,
            url=webhook.url,
            trigger=told.trigger,
            **found,
            **about,
        )
