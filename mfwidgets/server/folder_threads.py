"""Threads for requests, with a share for each folder.

A folder can hang: a network file system that is gone answers no read, and nothing can end a thread that waits for it.
Such a folder keeps its own share of threads busy and no other's.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mfwidgets.concurrency import settle, start_thread

MAX_THREADS, MAX_THREADS_PER_FOLDER = 16, 3
"""Requests that are answered at once. Threads that were given up count for their folder only."""

MAX_HANGING_THREADS = 100
"""With this many threads in all, nothing more is started until some end."""

MAX_WAITING_PER_FOLDER = 100
"""A sidebar that is refreshed requests each of its open branches."""

Answer = dict[str, Any]


@dataclass(eq=False)
class Job:
    """Work for a folder.

    Attributes
    ----------
    future
        Its result.
    started
        Whether it has a thread, or had one.
    given_up
        Whether nobody waits for it any more.
    """

    folder: str
    work: Callable[[], Answer]
    future: "Future[Answer]" = field(default_factory=Future)
    started: bool = False
    given_up: bool = False


class FolderThreads:
    """Runs jobs in daemon threads, which do not keep the server from stopping. Jobs of a folder wait for its threads."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._running: set[Job] = set()
        self._lock = threading.Lock()

    def submit(self, folder: str, work: Callable[[], Answer]) -> Job | None:
        """Run work in a thread when the folder has one. Return None if too many jobs wait for the folder already."""
        job = Job(folder, work)
        with self._lock:
            if sum(other.folder == folder for other in self._waiting) >= MAX_WAITING_PER_FOLDER:
                return None
            self._waiting.append(job)
        self._start_next()
        return job

    def give_up(self, job: Job) -> None:
        """Do not start a job if it still waits. If it hangs, it does not count for other folders any more."""
        with self._lock:
            job.given_up = True
        self._start_next()

    def _start_next(self) -> None:
        """Start the jobs for which there are threads."""
        with self._lock:
            due = self._take_due()
        for job in due:
            if not start_thread(partial(self._run, job), "server"):
                self._run(job)

    def _take_due(self) -> list[Job]:
        busy = Counter(job.folder for job in self._running)
        waited_for = sum(not job.given_up for job in self._running)
        free = min(MAX_THREADS - waited_for, MAX_HANGING_THREADS - len(self._running))
        due: list[Job] = []
        for job in [job for job in self._waiting if not job.given_up]:
            if len(due) < free and busy[job.folder] < MAX_THREADS_PER_FOLDER:
                busy[job.folder] += 1
                due.append(job)
                job.started = True
        self._running.update(due)
        self._waiting = deque(job for job in self._waiting if not (job.started or job.given_up))
        return due

    def _run(self, job: Job) -> None:
        if job.future.set_running_or_notify_cancel():
            settle(job.future, job.work)
        with self._lock:
            self._running.discard(job)
        self._start_next()
