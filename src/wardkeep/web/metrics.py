# SPDX-License-Identifier: Apache-2.0
"""Numbers about requests for Prometheus: by route pattern, never by address or person.

Each web process answers on a loopback port of its own: the first on the port that is
set, the next on the next one. A port that only this machine reaches needs no gate and
no place among the pages, and each process is a target of its own, so nothing has to be
added up between them.
"""

import threading
from collections.abc import Callable
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    start_http_server,
)

LOOPBACK = "127.0.0.1"
MOST_PROCESSES = 64
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The numbers of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "wardkeep_request_seconds",
            "Time to answer, by route pattern.",
            ("method", "pattern", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.under_way = Gauge(
            "wardkeep_requests_under_way",
            "Requests being answered now.",
            registry=self.registry,
        )
        self.turned_away = Counter(
            "wardkeep_requests_turned_away",
            "Requests refused before any page saw them, by why.",
            ("why",),
            registry=self.registry,
        )

        self._guards: list[Callable[[], int]] = []
        self.under_way.set_function(lambda: sum([count() for count in self._guards]))
        self._children: dict[tuple[str, str, int], Histogram] = {}

    def watch_under_way(self, count: Callable[[], int]) -> None:
        """Ask this guard how many requests it has, whenever Prometheus asks."""
        self._guards.append(count)

    def answered(
        self, *, method: str, pattern: str, status: int, seconds: float
    ) -> None:
        kind = (method, pattern, status // 100)
        child = self._children.get(kind)
        if child is None:
            child = self.seconds.labels(method, pattern, f"{status // 100}xx")
            self._children[kind] = child
        child.observe(seconds)


class MetricsPort:
    """The listener from which Prometheus reads; a daemon thread serves it."""

    def __init__(self, server: WSGIServer, thread: threading.Thread) -> None:
        self._server = server
        self._thread = thread

    @property
    def port(self) -> int:
        return self._server.server_port

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_metrics(metrics: Metrics, first_port: int) -> MetricsPort | None:
    """Listen on the first free port from `first_port` on; None where none is free."""
    for port in range(first_port, first_port + MOST_PROCESSES):
        try:
            server, thread = start_http_server(
                port, addr=LOOPBACK, registry=metrics.registry
            )
        except OSError:
            continue
        return MetricsPort(server, thread)
    return None
