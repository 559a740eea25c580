# SPDX-License-Identifier: Apache-2.0
"""A process dies in the midst of what five people do: nothing is lost or done twice.

Each of them gets an answer in words or none, presses again as people do, and is told
that it is done; what was done is there once.
"""

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from support.clinic_site import comes_back, employ, open_clinic, row
from support.clinics import PLACE
from support.note_writer import Page, begin
from support.served import PATIENCE_SECONDS, Served, Visitor, eventually, served
from wardkeep.base.ids import new_uuid
from wardkeep.base.stored_id import stored_id

VICTIMS = ("web", "worker", "warden", "database", "supervisor")
ROUNDS = 1
PEOPLE = 2 * ROUNDS * len(VICTIMS)
LATEST_KILL_MS = 40
_SEE_OTHER, _OK, _AWAY = 303, 200, 503
_NO_ANSWER = 0
_STEPS = """
select count(*) filter (where became = 'waiting') as arrivals,
       count(*) filter (where became = 'called') as calls,
       (select count(*) from clinic.entry where appointment = $1) as entries,
       (select status from clinic.entry where appointment = $1) as standing,
       (select status from clinic.booking where appointment = $1) as booked
  from clinic.step where appointment = $1
"""
_VERSIONS = """
select (select max(version) from record.resource where id = $1) as newest,
       (select count(*) from record.history where id = $1) as older
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("mid-action")
    with served(folder, WARDKEEP_WEB_WORKERS="1") as running:
        open_clinic(running, tmp_path_factory.mktemp("keys"), people=PEOPLE)
        yield running


@pytest.fixture(scope="module")
def staff(site: Served) -> dict[str, list[str]]:
    return employ(site, {"receptionist": 1, "doctor": 4})


class Act(NamedTuple):
    """Something that somebody does, and what must be so when they were told it is."""

    name: str
    press: Callable[[], tuple[int, bytes]]
    done: int
    holds: Callable[[], None]


class Person(threading.Thread):
    """Presses at the signal, and again until it is done; keeps what was answered."""

    def __init__(self, act: Act, begins: threading.Barrier) -> None:
        super().__init__(daemon=True)
        self.act = act
        self.answers: list[tuple[int, bytes]] = []
        self._begins = begins

    def run(self) -> None:
        self._begins.wait()
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            answer = self._press()
            self.answers.append(answer)
            if answer[0] == self.act.done:
                return
            time.sleep(0.05)

    def _press(self) -> tuple[int, bytes]:
        try:
            return self.act.press()
        except (OSError, ValueError):
            return _NO_ANSWER, b""


@pytest.mark.parametrize("victim", VICTIMS)
def test_whichever_process_dies_everybody_is_done_once(
    site: Served, staff: dict[str, list[str]], victim: str
) -> None:
    for turn in range(ROUNDS):
        number = 2 * (VICTIMS.index(victim) * ROUNDS + turn)
        visitors = [
            Visitor(site.port, token) for some in staff.values() for token in some
        ]
        acts = prepared(site, visitors, number)
        begins = threading.Barrier(len(acts) + 1)
        people = [Person(act, begins) for act in acts]
        for one in people:
            one.start()
        begins.wait()
        time.sleep(secrets.randbelow(LATEST_KILL_MS) / 1000)
        kill(site, victim)
        for one in people:
            one.join(PATIENCE_SECONDS)
            assert_was_told_plainly(one)
        for act in acts:
            act.holds()
        for visitor in visitors:
            visitor.close()


def kill(site: Served, victim: str) -> None:
    if victim == "supervisor":
        site.kill()
        site.await_ready()
        return
    before = site.postmaster() if victim == "database" else site.child(victim)
    site.kill_process(before)
    comes_back(site, before, victim)


def assert_was_told_plainly(one: Person) -> None:
    """No answer at all, or words that say what to do; in the end that it is done."""
    *before, last = one.answers
    assert last[0] == one.act.done, (one.act.name, last[0], last[1][-1500:])
    for status, body in before:
        assert status in (_NO_ANSWER, _AWAY), (one.act.name, status, body[-1500:])
        if status == _AWAY:
            assert b"again" in body, (one.act.name, body[-1500:])
        assert b"Traceback" not in body


def prepared(site: Served, visitors: list[Visitor], number: int) -> list[Act]:
    """Five people at the last moment before their press."""
    desk, caller, writer, signer, approver = visitors
    return [
        checks_in(site, desk, number),
        calls(site, desk, caller, number + 1),
        saves(writer, number),
        signs(site, signer, number),
        approves(site, approver, number),
    ]


def pressed(visitor: Visitor, id_: str, verb: str, more: str = "") -> tuple[int, bytes]:
    body = f"appointment={id_}&do={verb}{more}".encode()
    return visitor.ask("POST", f"/clinics/{PLACE}/do", body)


def checks_in(site: Served, desk: Visitor, number: int) -> Act:
    id_ = f"a-{number}"

    def holds() -> None:
        found = row(site, _STEPS, id_)
        assert (found["arrivals"], found["entries"]) == (1, 1), found
        assert (found["standing"], found["booked"]) == ("waiting", "checked-in"), found
        versions = row(site, _VERSIONS, stored_id(id_))
        assert versions == {"newest": 2, "older": 1}

    return Act("check-in", lambda: pressed(desk, id_, "check-in"), _SEE_OTHER, holds)


def shown_step(doctor: Visitor, id_: str) -> str:
    """What the page's own form says was the last thing that it knew of."""
    shown = doctor.get(f"/clinics/{PLACE}").decode()
    form = shown.partition(f'id="a-{id_}"')[2].partition('data-key="call"')[2]
    found = re.search(r'name="step" value="(\d+)"', form.partition("</form>")[0])
    assert found is not None, form[:1500]
    return found[1]


def calls(site: Served, desk: Visitor, doctor: Visitor, number: int) -> Act:
    id_ = f"a-{number}"
    assert pressed(desk, id_, "check-in")[0] == _SEE_OTHER
    step = shown_step(doctor, id_)

    def holds() -> None:
        found = row(site, _STEPS, id_)
        assert (found["arrivals"], found["calls"], found["entries"]) == (1, 1, 1), found
        assert found["standing"] == "called", found

    return Act(
        "call",
        lambda: pressed(doctor, id_, "call", f"&room=Room+4&step={step}"),
        _SEE_OTHER,
        holds,
    )


def saves(visitor: Visitor, number: int) -> Act:
    patient, text = f"p-{number}", f"Saved once, {number}."
    page = Page(visitor, begin(visitor, patient=patient), patient=patient)

    def press() -> tuple[int, bytes]:
        body = page.sealed(text, 1)
        where = f"/notes/drafts/{page.draft}/save"
        return visitor.ask("POST", where, body, {"Content-Type": "application/json"})

    def holds() -> None:
        assert Page(visitor, page.draft, patient=patient).text == text

    return Act("note save", press, _OK, holds)


def signs(site: Served, visitor: Visitor, number: int) -> Act:
    patient, text = f"p-{number}", f"Signed once, {number}."
    page = Page(visitor, begin(visitor, patient=patient), patient=patient)
    assert page.save(text)[0] == _OK

    def holds() -> None:
        shown = visitor.get(f"/patients/{patient}/notes/{page.draft}/history")
        assert shown.count(b"<h3>Version") == 1
        assert shown.count(text.encode()) == 1
        versions = row(site, _VERSIONS, stored_id(page.draft))
        assert versions == {"newest": 1, "older": 0}

    return Act("note sign", page.sign, _SEE_OTHER, holds)


def approves(site: Served, visitor: Visitor, number: int) -> Act:
    patient, letter = f"p-{number}", new_uuid()
    fields = f"which={letter}&version=0&subject=Result&to=The+surgery&body=All+is+well"
    status, page = visitor.ask(
        "POST", f"/patients/{patient}/letters/new", fields.encode()
    )
    assert status == _SEE_OTHER, page[-1500:]
    place = f"/patients/{patient}/letters/{letter}"

    def holds() -> None:
        assert visitor.get(f"{place}/pdf").startswith(b"%PDF")
        versions = row(site, _VERSIONS, stored_id(letter))
        assert versions == {"newest": 2, "older": 1}

    return Act(
        "letter approve",
        lambda: visitor.ask("POST", f"{place}/approve", b"version=1"),
        _SEE_OTHER,
        holds,
    )


def test_the_ledger_is_whole_after_all_of_it_and_nothing_broke(site: Served) -> None:
    site.await_ready()
    assert "Traceback" not in site.log.read_text(encoding="utf-8")
    eventually(lambda: site.run("ledger", "verify").returncode == 0, site.log)
