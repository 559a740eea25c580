# SPDX-License-Identifier: Apache-2.0
"""The register of incidents: files that were damaged, and entries that say nothing."""

import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from support.ledgers import entry_about, open_ledger
from wardkeep.base.ids import new_uuid
from wardkeep.ledger.incidents import FILE, Finding, Incident, keep, request_of
from wardkeep.ledger.index import INCIDENT_STEPS
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.incidents import PENDING, Register

NOON = 1_795_953_600_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(tmp_path / "ledger")
    yield made
    made.close()


@pytest.fixture
def register(tmp_path: Path, ledger: Ledger) -> Register:
    return Register(tmp_path / "incidents", ledger)


def incident() -> Incident:
    finding = Finding(
        at=NOON,
        why="As declared.",
        selectors=(Wanted(account="x"),),
        is_whole=True,
        people=((1, 1),),
    )
    return Incident(
        id=new_uuid(),
        found_at=NOON,
        declared_at=NOON,
        what="A stolen session.",
        findings=(finding,),
        organisation=1,
    )


def write(ledger: Ledger, action: str, request: str) -> None:
    said = entry_about("p-1")
    ledger.append(msgspec.structs.replace(said, action=action, request=request))
    ledger.commit()


def test_an_entry_that_names_no_incident_is_no_step_and_hides_none(
    register: Register, ledger: Ledger
) -> None:
    made = incident()
    keep(register.folder, made)
    for request in ("", "incident x 1 y", request_of(made), "incident"):
        write(ledger, INCIDENT_STEPS[0], request)
    assert [(one.incident, one.entry) for one in register.steps()] == [(made.id, 2)]
    assert register.is_written(made)
    write(ledger, INCIDENT_STEPS[2], request_of(made))
    assert len(register.steps_about(made.id)) == 2, "what came later is read too"


@pytest.mark.parametrize("id_", ["", "..", "../ledger", "x/../..", "\x00"])
def test_what_is_no_id_is_looked_for_nowhere(register: Register, id_: str) -> None:
    """An id comes from a page: it is never a way through the disk."""
    (register.folder / "x").mkdir(parents=True)
    keep(register.folder.parent, msgspec.structs.replace(incident(), id="ledger"))
    assert register.find(id_) is None


def test_a_damaged_file_is_lost_and_takes_no_other_with_it(
    register: Register, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    whole, damaged = incident(), incident()
    for one in (whole, damaged):
        keep(register.folder, one)
        write(ledger, one.step, request_of(one))
    assert register.lost(1) == []
    for content in (b"{", b"\xff", b"[]"):
        (register.folder / damaged.id / FILE).write_bytes(content)
        with caplog.at_level(logging.WARNING):
            assert register.touching(1) == [whole]
        assert register.lost(1) == [damaged.id]
        assert "cannot be read" in caplog.text
    (register.folder / damaged.id / FILE).unlink()
    (register.folder / damaged.id / FILE).mkdir()
    assert register.every() == [whole]
    assert register.lost(1) == [damaged.id]
    assert register.lost(2) == [], "of another organisation nothing is told"


def test_a_pending_file_that_cannot_be_read_stops_no_start_and_stays(
    register: Register, ledger: Ledger
) -> None:
    """Somebody may read it yet; what the ledger has stands all the same."""
    said, odd = incident(), incident()
    write(ledger, said.step, request_of(said))
    for one in (said, odd):
        register.keep_pending(one)
    path = register.folder / odd.id / PENDING
    path.write_bytes(b"cut off")
    # Under the name of another: it does not stand, whatever the ledger has
    other = register.folder / new_uuid()
    other.mkdir()
    (other / PENDING).write_bytes(msgspec.json.encode(said))
    register.settle()
    assert register.every() == [said]
    assert path.read_bytes() == b"cut off"
    assert list(other.iterdir()) == []
