"""Prometheus metrics of background jobs."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from services.jobs.queries import QueueDepth


class JobMetrics:
    """Durations and outcomes of the runs of this process; depth and age of the whole queue."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "troupe_job_duration_seconds",
            "How long runs of jobs took in this process.",
            ["kind"],
            buckets=(0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900),
            registry=self._registry,
        )
        self._runs = Counter(
            "troupe_job_runs_total",
            "How runs of jobs ended in this process.",
            ["kind", "outcome"],
            registry=self._registry,
        )
        self._depth = Gauge(
            "troupe_jobs", "Jobs in the database.", ["kind", "status"], registry=self._registry
        )
        self._oldest_due = Gauge(
            "troupe_job_oldest_due_seconds",
            "How long the longest overdue job has waited.",
            ["kind"],
            registry=self._registry,
        )

    def record_run(self, kind: str, outcome: str, seconds: float) -> None:
        """Record the duration and outcome of a run."""
        self._seconds.labels(kind).observe(seconds)
        self._runs.labels(kind, outcome).inc()

    def exposition(self, depths: Sequence[QueueDepth]) -> bytes:
        """Return all metrics in Prometheus's text format."""
        self._depth.clear()
        self._oldest_due.clear()
        for each in depths:
            self._depth.labels(each.kind, each.status).set(each.count)
            if each.status == "pending":
                self._oldest_due.labels(each.kind).set(each.waited)
        return generate_latest(self._registry)
