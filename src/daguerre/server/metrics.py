"""What Prometheus reads. Counts are since this process started; what waits and works is read when asked."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from daguerre.jobs.queue import JobQueue, WorkerInfo
from daguerre.jobs.records import Job

_WHERE = ("host", "device")
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000)
_REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """One registry of its own, so that two servers in one process do not meet.

    Servers that share a queue each count all of its jobs.
    """

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._workers: dict[str, WorkerInfo] = {}
        self._registry = CollectorRegistry()
        self._registry.register(_Depths(queue))
        self._jobs = Counter("daguerre_jobs", "Jobs that ended", ["outcome", "job_class"], registry=self._registry)
        self._failures = Counter(
            "daguerre_job_failures", "Failed jobs by kind", ["code", "job_class", *_WHERE], registry=self._registry
        )
        self._waits = Histogram(
            "daguerre_job_wait_seconds", "From submission to work", ["job_class"], buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self._works = Histogram(
            "daguerre_job_work_seconds", "From work to result", _WHERE, buckets=_SECONDS, registry=self._registry
        )
        self._steps = Histogram(
            "daguerre_step_seconds", "Of each step of a restoration", ["step", *_WHERE], buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self._requests = Histogram(
            "daguerre_http_request_seconds", "Until the answer began", ["method", "route", "status"],
            buckets=_REQUEST_SECONDS, registry=self._registry,
        )  # fmt: skip

    def job_ended(self, job: Job) -> None:
        """Count a job that is complete or failed. May ask the queue who its worker is."""
        if job.kind == "batch":
            return
        where = self._where(job.worker)
        self._jobs.labels(job.phase, job.job_class).inc()
        if job.phase == "failed":
            self._failures.labels(job.code or "UNKNOWN", job.job_class, *where).inc()
        if job.claimed_at is not None and job.finished_at is not None:
            self._waits.labels(job.job_class).observe(max(0.0, job.claimed_at - job.created_at))
            self._works.labels(*where).observe(max(0.0, job.finished_at - job.claimed_at))
        for step, seconds in (job.result or {}).get("timings", {}).items():
            self._steps.labels(step, *where).observe(seconds)

    def _where(self, worker: str | None) -> tuple[str, str]:
        """The machine and the device of a worker; empty for one that is unknown."""
        if worker is not None and worker not in self._workers:
            self._workers = {each.id: each for each in self._queue.load().workers}
        found = self._workers.get(worker or "")
        return ("", "") if found is None else (found.host, found.device)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request by its route's pattern."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def text(self) -> bytes:
        """In the text format of Prometheus."""
        return generate_latest(self._registry)


class _Depths:
    """Gauges that are read from the queue."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue

    def collect(self) -> Iterator[Metric]:
        load = self._queue.load()
        yield GaugeMetricFamily("daguerre_queue_depth", "Photos that wait", load.queued)
        waiting = GaugeMetricFamily(
            "daguerre_queue_waiting", "Photos that wait, by class and need", labels=["job_class", "need"]
        )
        for kinds, count in load.waiting.items():
            waiting.add_metric(kinds, count)
        yield waiting
        yield GaugeMetricFamily("daguerre_jobs_processing", "Photos at work", load.processing)
        yield GaugeMetricFamily("daguerre_queue_oldest_seconds", "How long the oldest has waited", load.oldest_wait_s)
        yield GaugeMetricFamily("daguerre_workers", "Workers that are alive", len(load.workers))
        yield GaugeMetricFamily("daguerre_stored_bytes", "All jobs' files", load.stored_bytes)

    def describe(self) -> Iterator[Metric]:
        yield from ()
