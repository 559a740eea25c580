# SPDX-License-Identifier: Apache-2.0
"""Drills on the number that is typed before *Answer*: whose it is, and when it is gone.

That it outlives a killed browser is `tests/stories/test_call_number_pages.py`; that an
answer which was lost leaves one call, `test_every_step_killed.py`.
"""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from support.calls import CALL, SEE_OTHER
from support.clinic_site import row
from support.form_pages import FormPage
from support.leaks import leaked
from support.note_writer import JSON
from support.program import Program
from support.served import Served, Visitor, served
from support.wards import Worker, practitioner, work
from wardkeep.base.ids import new_uuid

HOME = "fernhill"
TIM = Worker("health_advisor", "Tim Taker", "tim")
UMA = Worker("health_advisor", "Uma Taker", "uma")
KEPT = "You typed this number until"
OK, MISSING = 200, 404
_BOXES = "select count(*) as n from record.note_text where draft = $1 and box <> ''"
_HOLDERS = "select count(*) as n from record.patient"
_HOLDER = """
select p.id from record.patient as p
  join record.note_draft as d on d.patient = p.number where d.id = $1
"""


class Room(NamedTuple):
    """A stack and two call takers."""

    stack: Served
    program: Program
    tim: Visitor
    uma: Visitor


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with served(tmp_path_factory.mktemp("numbers"), WARDKEEP_WEB_WORKERS="1") as stack:
        stack.found(HOME)
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation=HOME)) as program:
            for one in (TIM, UMA):
                program.put(practitioner(one))
            tokens = [stack.sign_in(HOME, [], role=one.role) for one in (TIM, UMA)]
            asyncio.run(work(stack, HOME, zip(tokens, (TIM, UMA), strict=True)))
            tim, uma = (Visitor(stack.port, token) for token in tokens)
            with closing(tim), closing(uma):
                yield Room(stack, program, tim, uma)


def counted(room: Room, sql: str, *values: object) -> int:
    return int(row(room.stack, sql, *values)["n"])


def test_it_is_there_again_to_whoever_typed_it_and_to_nobody_else(room: Room) -> None:
    page = FormPage(room.tim, "/calls")
    assert KEPT not in page.page
    assert page.save({"number": "01632 960 7", "withheld": ""})[0] == OK
    assert page.save({"number": "01632 960 777", "withheld": ""})[0] == OK
    # Another machine, or the same one after its browser died
    again = room.tim.get("/calls").decode()
    assert KEPT in again
    assert 'value="01632 960 777"' in again
    assert "number of a call that is not answered yet" in (
        room.tim.get("/unfinished").decode()
    )
    # With a colleague's session
    for path in ("/calls", f"/calls?draft={page.draft}", "/unfinished"):
        told = room.uma.ask("GET", path)[1].decode()
        assert "960 777" not in told, path
        assert KEPT not in told, path
    form = {"draft": page.draft, "editor": page.editor}
    room.uma.ask("POST", "/calls/number/throw-away", _as_form(form))
    body = page.sealed({"number": "01632 960 000"}, 9)
    saves = f"/notes/drafts/{page.draft}/save"
    assert room.uma.ask("POST", saves, body, JSON)[0] == MISSING
    holder = row(room.stack, _HOLDER, page.draft)["id"]
    for below in ("", "/keep", "/throw-away", "/bring-back"):
        path = f"/patients/{holder}/unfinished/{page.draft}{below}"
        method = "POST" if below else "GET"
        assert "960 777" not in room.uma.ask(method, path, b"x=y")[1].decode(), path
    # It is as it was, and sealed wherever it lies
    assert 'value="01632 960 777"' in room.tim.get("/calls").decode()
    assert counted(room, _BOXES, page.draft) == 1
    files = room.stack.log.parent.rglob("*")
    assert leaked(("01632 960 777", "01632960777"), files) == set()


def test_answered_nothing_is_left_of_it_and_what_comes_late_is_not_newer(
    room: Room,
) -> None:
    page = FormPage(room.tim, "/calls")
    typed = {"number": "01632 960 778", "withheld": ""}
    assert page.save(typed)[0] == OK
    status, told = page.send(typed)
    assert status == SEE_OTHER, told[:2000]
    assert counted(room, _BOXES, page.draft) == 0
    # A save of the same window was under way
    page.save({"number": "01632 960 778 9"})
    assert counted(room, _BOXES, page.draft) == 0
    assert KEPT not in room.tim.get("/calls").decode()
    # And the call has it
    mine = CALL.search(room.tim.get("/calls").decode())
    assert mine is not None
    assert "01632960778" in room.tim.get(f"{mine[0]}/details").decode()


def test_thrown_away_nothing_is_left_of_any_window(room: Room) -> None:
    first = FormPage(room.tim, "/calls")
    assert first.save({"number": "01632 960 101"})[0] == OK
    second = FormPage(room.tim, "/calls")
    second.over = []
    assert second.draft == first.draft
    assert second.save({"number": "01632 960 102"})[0] == OK
    shown = room.tim.get("/calls").decode()
    assert "In another window you typed" in shown
    for number in ("01632 960 101", "01632 960 102"):
        assert number in shown
    form = {"draft": second.draft, "editor": second.editor}
    status, _, to = room.tim.send("/calls/number/throw-away", _as_form(form))
    assert (status, to) == (SEE_OTHER, "/calls")
    assert counted(room, _BOXES, first.draft) == 0
    assert KEPT not in room.tim.get("/calls").decode()


def test_answered_in_one_window_the_number_of_another_stays(room: Room) -> None:
    first, second = FormPage(room.uma, "/calls"), FormPage(room.uma, "/calls")
    assert first.save({"number": "01632 960 201"})[0] == OK
    assert second.save({"number": "01632 960 202"})[0] == OK
    assert first.send({"number": "01632 960 201"})[0] == SEE_OTHER
    shown = room.uma.get("/calls").decode()
    assert 'value="01632 960 202"' in shown
    assert "960 201" not in shown
    assert second.send({"number": "01632 960 202"})[0] == SEE_OTHER
    assert KEPT not in room.uma.get("/calls").decode()


def test_looking_makes_one_holder_for_each_account_and_no_more(room: Room) -> None:
    room.tim.get("/calls")
    before = counted(room, _HOLDERS)
    for _ in range(5):
        room.tim.get("/calls")
    assert counted(room, _HOLDERS) == before


def test_somebody_cut_off_is_gone_on_with_and_the_number_is_gone(room: Room) -> None:
    number = {"number": "01632 960 301", "which": new_uuid()}
    assert room.tim.send("/calls", _as_form({**number, "new": "yes"}))[0] == SEE_OTHER
    page = FormPage(room.uma, "/calls")
    assert page.save({"number": number["number"]})[0] == OK
    status, told = page.send({"number": number["number"]})
    assert (status, b"rang from this number just before" in told) == (OK, True)
    assert page.draft.encode() in told
    case = told.decode().partition('name="case" value="')[2].partition('"')[0]
    form = {"case": case, "draft": page.draft, "editor": page.editor}
    assert room.uma.send("/calls/go-on", _as_form(form))[0] == SEE_OTHER
    assert counted(room, _BOXES, page.draft) == 0


def _as_form(fields: dict[str, str]) -> bytes:
    return "&".join(
        f"{name}={value.replace(' ', '+')}" for name, value in fields.items()
    ).encode()
