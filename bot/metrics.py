"""The counters behind /metrics, in a registry of their own."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ACK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1, 3)


class Metrics:
    """What one process counts. Labels are names of ours (sources, outcomes), never outside text."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._webhooks = Counter(
            "bounce_webhooks",
            "Requests of providers by answer",
            ["source", "outcome"],
            registry=self.registry,
        )
        self._slack_requests = Counter(
            "bounce_slack_requests",
            "Requests of Slack by answer",
            ["outcome"],
            registry=self.registry,
        )
        self._ack_seconds = Histogram(
            "bounce_slack_ack_seconds",
            "From a request of Slack to its answer",
            registry=self.registry,
            buckets=ACK_BUCKETS,
        )

    def webhook(self, source: str, outcome: str) -> None:
        """Count one request of a provider."""
        self._webhooks.labels(source, outcome).inc()

    def slack_request(self, outcome: str) -> None:
        """Count one request of Slack."""
        self._slack_requests.labels(outcome).inc()

    def webhooks(self, source: str, outcome: str) -> int:
        """Return how many requests of a source had that outcome."""
        labels = {"source": source, "outcome": outcome}
        return int(self.registry.get_sample_value("bounce_webhooks_total", labels) or 0)

    def timed(self, handler: Handler) -> Handler:
        """Return the handler of Slack's requests with a clock around it."""

        async def measured(request: web.Request) -> web.StreamResponse:
            with self._ack_seconds.time():
                return await handler(request)

        return measured
