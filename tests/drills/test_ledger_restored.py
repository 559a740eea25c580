# SPDX-License-Identifier: Apache-2.0
"""A drill: the warden's disk is lost. A copy is put back, and the warden goes on."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.served import Served, eventually, served


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("lost"), WARDKEEP_WEB_WORKERS="1") as made:
        made.found("fernhill")
        yield made


def has_begun(stack: Served) -> bool:
    return stack.run("ledger", "verify").returncode == 0


def entries(stack: Served) -> int:
    done = stack.run("ledger", "verify", "--json")
    assert done.returncode == 0, done.stdout
    found: int = json.loads(done.stdout)["entries"]
    return found


def test_a_lost_ledger_comes_back_and_is_gone_on_with(
    stack: Served, tmp_path: Path
) -> None:
    copies = str(tmp_path / "copies")
    # A new ledger has nothing to copy until its first checkpoint, a moment later.
    eventually(lambda: has_begun(stack), stack.log)
    made = json.loads(stack.command("ledger", "backup", "--to", copies, "--json"))
    assert made["entries"] > 0
    stack.found("larkspur")
    again = stack.command("ledger", "backup", "--to", copies)
    assert "new files" in again
    stack.stop()
    before = entries(stack)
    refused = stack.run("ledger", "restore", "--from", copies)
    assert refused.returncode == 1
    assert "never overwritten" in refused.stderr
    shutil.rmtree(stack.layout.ledger)
    said = stack.command("ledger", "restore", "--from", copies)
    assert "nothing was changed" in said or "It is in its place" in said
    assert before - 2 <= entries(stack) <= before
    stack.process = stack._start()
    stack.await_ready()
    stack.found("willow")
    stack.stop()
    assert entries(stack) > before
    stack.process = stack._start()
    stack.await_ready()


def test_the_closed_segments_are_asked_on_the_command_line(stack: Served) -> None:
    said = stack.command("ledger", "compact", "--json")
    assert json.loads(said)["fault"] == ""
    assert "No segment of this ledger is closed yet" in stack.command("ledger", "ask")
    csv = stack.command("ledger", "ask", "--rule", "any", "--csv")
    assert csv.startswith("entry,part,at,")
    assert json.loads(stack.command("ledger", "ask", "--by", "rule", "--json"))
    wrong = stack.run("ledger", "ask", "--by", "nothing")
    assert wrong.returncode == 2
    no_address = stack.run("scope", "--address", "the ward")
    assert no_address.returncode == 1
    assert "no network address" in no_address.stderr
    unknown = stack.run("scope", "--address", "203.0.113.7", "--json")
    assert unknown.returncode == 1
    assert json.loads(unknown.stdout)["unknown"] == ["address"]
    named = stack.command("scope", "--organisation", "fernhill", "--json")
    found = json.loads(named)
    assert (found["unknown"], found["is_whole"]) == ([], True)
    assert found["certainly_not"]
