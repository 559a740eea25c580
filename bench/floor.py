# SPDX-License-Identifier: Apache-2.0
"""What no door can be without: one flush to the disk and one round trip to a process.

A read of one resource waits for both, one behind the other. What the door costs beyond
them is its own work; below them nothing is to be had while an entry is on the disk
before its key leaves, and while keys live in a process of their own.
"""

import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROUNDS = 400
AN_ENTRY = bytes(300)
A_QUESTION, AN_ANSWER = bytes(250), bytes(120)
_MOST = 4096
LOCK_ROUNDS = 200
INTERVALS = (0.005, 0.0005)


def run() -> dict[str, float]:
    """Milliseconds."""
    figures = _of("a flush of one entry", _flushes())
    figures |= _of("a round trip", _trips())
    for seconds in INTERVALS:
        what = f"a flush beside a busy thread, lock let go after {seconds * 1000:g} ms"
        figures |= _of(what, _flushes_beside_a_thread(seconds))
    return figures


def _of(what: str, waits: list[float]) -> dict[str, float]:
    waits.sort()
    return {
        f"{what}: {name} ms": waits[int(len(waits) * share)] * 1000
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }


def _timed(once: Callable[[], object], rounds: int) -> list[float]:
    waits: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        once()
        waits.append(time.perf_counter() - began)
    return waits


@contextmanager
def flushing() -> Iterator[Callable[[], object]]:
    """A file to which an entry is appended, and flushed, at each call."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.open(Path(folder) / "flushed", os.O_WRONLY | os.O_CREAT, 0o600)

        def flush() -> None:
            os.write(file, AN_ENTRY)
            os.fdatasync(file)

        try:
            yield flush
        finally:
            os.close(file)


@contextmanager
def tripping() -> Iterator[Callable[[], object]]:
    """A process that answers at once: a question to it and back at each call."""
    here, there = socket.socketpair()
    child = os.fork()
    if not child:
        here.close()
        while there.recv(_MOST):
            there.sendall(AN_ANSWER)
        os._exit(0)
    there.close()

    def trip() -> None:
        here.sendall(A_QUESTION)
        here.recv(_MOST)

    try:
        yield trip
    finally:
        here.close()
        os.waitpid(child, 0)


def _flushes(rounds: int = ROUNDS) -> list[float]:
    with flushing() as flush:
        return _timed(flush, rounds)


def _trips() -> list[float]:
    with tripping() as trip:
        return _timed(trip, ROUNDS)


def _flushes_beside_a_thread(seconds: float) -> list[float]:
    """As the warden's while a thread of its Python publishes a checkpoint."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            sum(range(100))

    usual = sys.getswitchinterval()
    thread = threading.Thread(target=work)
    sys.setswitchinterval(seconds)
    thread.start()
    try:
        return _flushes(LOCK_ROUNDS)
    finally:
        is_over.set()
        thread.join()
        sys.setswitchinterval(usual)
