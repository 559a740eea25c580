# SPDX-License-Identifier: Apache-2.0
"""Drills on the processes: each is killed, and the service comes back by itself."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.served import Served, children_of, eventually

_PID_FILE = "postmaster.pid"
ONE_WORKER = {"WARDKEEP_WEB_WORKERS": "1"}
_CHILDREN = ("warden", "worker", "web")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("served"), **ONE_WORKER)
    try:
        running.await_ready()
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(60)


@pytest.mark.parametrize("name", _CHILDREN)
def test_a_killed_process_is_started_again_and_that_is_said(
    served: Served, name: str
) -> None:
    before = served.child(name)
    assert before
    os.kill(before, signal.SIGKILL)
    eventually(lambda: served.child(name) not in (0, before), served.log)
    served.await_ready()
    assert f"The {name} process stopped (killed by SIGKILL)" in served.log.read_text()


def test_a_killed_database_is_started_again(served: Served) -> None:
    folder = served.log.parent / "data" / "database"
    before = postmaster(folder)
    assert before
    os.kill(before, signal.SIGKILL)
    eventually(lambda: postmaster(folder) not in (0, before), served.log)
    served.await_ready()


def test_a_database_that_is_killed_while_it_starts_is_started_again(
    served: Served,
) -> None:
    folder = served.log.parent / "data" / "database"
    killed = 0
    for _ in range(6):
        eventually(lambda: is_alive(postmaster(folder)), served.log)
        with contextlib.suppress(ProcessLookupError):
            os.kill(postmaster(folder), signal.SIGKILL)
            killed += 1
    assert killed > 1
    served.await_ready()
    assert served.process.poll() is None


def postmaster(folder: Path) -> int:
    """The id in the server's own file; 0 while there is none."""
    words = [first_line(path) for path in folder.rglob(_PID_FILE)]
    return int(words[0]) if words and words[0] else 0


def test_stopping_leaves_no_process_behind(tmp_path: Path) -> None:
    running = Served(tmp_path, **ONE_WORKER)
    running.await_ready()
    children = [process_id for process_id, _ in children_of(running.process.pid)]
    assert len(children) >= len(_CHILDREN)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == 0, running.log.read_text()
    assert not [one for one in children if Path(f"/proc/{one}").exists()]


def test_a_killed_supervisor_takes_its_processes_along(tmp_path: Path) -> None:
    running = Served(tmp_path, **ONE_WORKER)
    running.await_ready()
    children = [process_id for process_id, _ in children_of(running.process.pid)]
    running.process.kill()
    running.process.wait()
    eventually(
        lambda: not [one for one in children if is_alive(one)],
        running.log,
    )


def is_alive(process_id: int) -> bool:
    if not process_id:
        return False
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] != "Z"


def first_line(path: Path) -> str:
    """The server takes its file away and writes it anew while it is looked at."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text().split("\n")[0]
    return ""
