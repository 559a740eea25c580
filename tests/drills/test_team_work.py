# SPDX-License-Identifier: Apache-2.0
"""Drills on tasks, messages, handover and letters: whoever has a colleague's cookie.

The real processes over HTTP. What lists show is searched for words that stand in the
records alone; two take one task at once; and nothing that somebody writes to somebody,
or to themselves, opens more people than the caps of decision 21 allow.
"""

import asyncio
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from support.owner import owner_of, until_waited_for
from support.program import Program
from support.served import Served, Visitor, eventually, served
from support.warden import RunningWarden
from support.wards import (
    OTHER_WARD,
    WARD,
    Worker,
    about,
    patient,
    places,
    practitioner,
    stay,
)
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.handover.handovers import lock_of
from wardkeep.fhir.messages.message import receipt_id
from wardkeep.fhir.messages.messages import MOST_IN_THREAD
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.identity.roles import Role

HERE = tuple(f"here-{n}" for n in range(3))
STRANGERS = tuple(f"stranger-{n}" for n in range(8))
WORDS = "Quixotic potassium of the third kind"
ABOUT_NOBODY = "The rota for December"
REASON = "rang about results from Tuesday"
NIA = Worker("ward_nurse", "Nia Night", "nia")
DAN = Worker("ward_nurse", "Dan Day", "dan")
KIT = Worker("ward_nurse", "Kit Elsewhere", "kit")


Press = Callable[[], int]
HELD: dict[str, tuple[str, tuple[object, ...]]] = {
    "the line": (
        "select id from record.resource where type = $1 for update",
        (type_code("Communication"),),
    ),
    "the lock": ("select pg_advisory_xact_lock($1)", ()),
}
"""What a drill holds, so that whoever wants it waits in mid-transaction."""


class Ward(NamedTuple):
    """A stack, two nurses of one ward and one of another."""

    stack: Served
    nia: Visitor
    dan: Visitor
    kit: Visitor


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    with served(tmp_path_factory.mktemp("team-work")) as stack:
        stack.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation="fernhill")) as program:
            for one in (*places(), *map(practitioner, (NIA, DAN, KIT))):
                program.put(one)
            for id_ in HERE:
                for one in (patient(id_, f"Name{id_}"), stay(id_), *about(id_)):
                    program.put(one)
            for id_ in STRANGERS:
                program.put(patient(id_, f"Name{id_}"))
        tokens = [stack.sign_in("fernhill", [], role="ward_nurse") for _ in range(3)]
        asyncio.run(_work(stack, tokens))
        nia, dan, kit = (Visitor(stack.port, token) for token in tokens)
        with closing(nia), closing(dan), closing(kit):
            yield Ward(stack, nia, dan, kit)


async def _work(stack: Served, tokens: list[str]) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    accounts = []
    for token in tokens:
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        accounts.append(seen.account)
    who = [
        (account, (f"Practitioner/{one.practitioner}",))
        for account, one in zip(accounts, (NIA, DAN, KIT), strict=True)
    ]
    teams = (
        ("Heron", (WARD,), tuple(accounts[:2])),
        ("Kestrel", (OTHER_WARD,), (accounts[2],)),
    )
    asked = SetWork("fernhill", tuple(who), teams)
    assert await warden.operator.ask(asked, Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def post(visitor: Visitor, path: str, **fields: str) -> tuple[int, bytes]:
    named = {name.replace("_", "-"): one for name, one in fields.items()}
    return visitor.ask("POST", path, urlencode(named).encode())


def make_task(by: Visitor, about_: str, who: str) -> str:
    id_ = new_uuid()
    status, page = post(
        by,
        f"/patients/{about_}/tasks/new",
        which=id_,
        about="",
        kind="result",
        words=WORDS,
        who=who,
        priority="urgent",
        due="2026-12-01T14:00",
    )
    assert status == 303, page[:3000]
    return id_


def write_message(by: Visitor, about_: str, to: str) -> str:
    id_ = new_uuid()
    status, page = post(
        by,
        f"/patients/{about_}/messages/new",
        which=id_,
        to_1=to,
        subject="About them",
        text=WORDS,
    )
    assert status == 303, page[:3000]
    return id_


def version_in(page: bytes) -> str:
    found = re.search(rb'name="version" value="(\d+)"', page)
    assert found is not None, page[:3000]
    return found[1].decode()


def opens(visitor: Visitor, patient_: str) -> bool:
    """Whether the record opens without a reason."""
    return visitor.ask("GET", f"/patients/{patient_}/problems")[0] == 200


def gives_reason(visitor: Visitor, patient_: str) -> None:
    status, page = post(
        visitor, f"/patients/{patient_}", purpose="direct-care", reason=REASON
    )
    assert status == 303, page[:2000]


def test_lists_name_people_and_say_no_word_of_what_was_written(ward: Ward) -> None:
    make_task(ward.nia, HERE[0], WARD)
    write_message(ward.nia, HERE[0], "Practitioner/dan")
    post(
        ward.nia,
        f"/handover/Location.heron/patients/{HERE[0]}/line",
        seed=new_uuid(),
        version="0",
        text=WORDS,
    )
    for path in (
        *("/tasks", "/tasks?show=team", "/tasks?show=asked", "/messages", "/letters"),
        *("/handover/Location.heron", "/handover/Location.heron/print", "/caseload"),
    ):
        page = ward.dan.get(path)
        assert WORDS.encode() not in page, path
        assert b"Falls out of bed" not in page, path
    assert WORDS.encode() in ward.dan.get(
        f"/handover/Location.heron/patients/{HERE[0]}"
    )


def test_of_two_who_take_one_task_one_gets_it_and_the_other_is_told(
    ward: Ward,
) -> None:
    task = make_task(ward.nia, HERE[1], WARD)
    version = version_in(ward.dan.get(f"/tasks/{task}"))
    answers: list[tuple[int, bytes]] = []
    begin = threading.Barrier(2)

    def take(visitor: Visitor) -> None:
        begin.wait()
        answers.append(post(visitor, f"/tasks/{task}/claim", version=version))

    both = [threading.Thread(target=take, args=(one,)) for one in (ward.nia, ward.dan)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    pages = [one.get(f"/tasks/{task}") for one in (ward.nia, ward.dan)]
    assert [status for status, _ in answers] == [303, 303]
    assert sum(b"It is done</button>" in one for one in pages) == 1
    assert all(one.count(b">Taken<") == 1 for one in pages)


def test_a_task_sent_twice_is_made_once_and_outlives_a_kill_of_the_web(
    ward: Ward,
) -> None:
    task = make_task(ward.nia, HERE[2], WARD)
    before = ward.stack.child("web")
    os.kill(before, signal.SIGKILL)
    eventually(
        lambda: ward.stack.child("web") not in (0, before) and ward.stack.is_ready(),
        ward.stack.log,
    )
    fields = {
        "which": task,
        "about": "",
        "kind": "result",
        "words": WORDS,
        "who": WARD,
        "priority": "urgent",
        "due": "2026-12-01T14:00",
    }
    assert post(ward.nia, f"/patients/{HERE[2]}/tasks/new", **fields)[0] == 303
    assert version_in(ward.nia.get(f"/tasks/{task}")) == "1"
    changed = {**fields, "words": "Something else"}
    assert post(ward.nia, f"/patients/{HERE[2]}/tasks/new", **changed)[0] == 409


def test_a_message_lets_nobody_in_and_a_task_lets_in_whoever_is_asked(
    ward: Ward,
) -> None:
    assert not opens(ward.kit, HERE[0])
    thread = write_message(ward.nia, HERE[0], "Practitioner/kit")
    status, page = ward.kit.ask("GET", f"/messages/{thread}")
    assert status == 303
    assert WORDS.encode() not in page
    assert not opens(ward.kit, HERE[0])
    task = make_task(ward.nia, HERE[0], "Practitioner/kit")
    assert opens(ward.kit, HERE[0])
    assert WORDS.encode() in ward.kit.get(f"/messages/{thread}")
    # And no longer than it is open, but for a day to write it up
    version = version_in(ward.nia.get(f"/tasks/{task}"))
    off = post(ward.nia, f"/tasks/{task}/call-off", version=version, off_word="mistake")
    assert off[0] == 303
    assert not opens(ward.kit, HERE[0])


def test_tasks_to_oneself_explain_no_more_people_than_a_day_allows(ward: Ward) -> None:
    """A stranger takes a reason first; then so many, and never a place in a list."""
    for one in STRANGERS:
        assert not opens(ward.kit, one)
    for one in STRANGERS:
        gives_reason(ward.kit, one)
        make_task(ward.kit, one, "Practitioner/kit")
    # What opens them besides is the reason that was given, which is in the ledger
    explained = [
        b"which you wrote yourself" in ward.kit.get(f"/patients/{one}")
        for one in STRANGERS
    ]
    assert 0 < sum(explained) <= Role.WARD_NURSE.budget.own_work
    page = ward.kit.get("/caseload").decode()
    sheet = ward.kit.get("/handover/Location.kestrel").decode()
    assert not any(one in page or one in sheet for one in STRANGERS)


def test_another_teams_sheet_and_thread_and_task_about_nobody_stay_shut(
    ward: Ward,
) -> None:
    for path in (
        "/handover/Location.heron",
        "/handover/Location.heron/live",
        "/handover/Location.heron/print",
        f"/handover/Location.heron/patients/{HERE[0]}",
    ):
        assert ward.kit.ask("GET", path)[0] == 404, path
    thread, task = new_uuid(), new_uuid()
    sent = post(
        ward.nia,
        "/messages/new",
        which=thread,
        to_1="Practitioner/dan",
        subject="The rota",
        text=ABOUT_NOBODY,
    )
    assert sent[0] == 303
    made = post(
        ward.nia,
        "/tasks/new",
        which=task,
        kind="other",
        words=ABOUT_NOBODY,
        who=WARD,
        priority="routine",
        due="2026-12-01T14:00",
    )
    assert made[0] == 303
    assert ABOUT_NOBODY.encode() in ward.dan.get(f"/messages/{thread}")
    for path in (f"/messages/{thread}", f"/tasks/{task}"):
        assert ward.kit.ask("GET", path)[0] == 404, path
    assert post(ward.kit, f"/messages/{thread}/answer", which=new_uuid(), text="x")[
        0
    ] == (404)


def test_one_persons_two_windows_keep_both_lines_and_a_resend_is_kept_once(
    ward: Ward,
) -> None:
    here, seed = f"/handover/Location.heron/patients/{HERE[1]}", new_uuid()

    def save(text: str, version: str) -> bytes:
        status, said = post(
            ward.nia,
            f"{here}/line",
            seed=seed,
            version=version,
            text=text,
            by_itself="1",
        )
        assert status == 200, said
        return said

    assert b'"version":1' in save("First window", "0")
    assert b'"version":2' in save("First window goes on", "1")
    # The answer was lost, and the browser sends it again: nothing new
    assert b'"is_beside":false' in save("First window goes on", "1")
    said = save("Second window", "0")
    assert b'"is_beside":true' in said
    # Sent twice as well
    assert b'"is_beside":true' in save("Second window", "0")
    page = ward.dan.get(here).decode()
    assert page.count("First window goes on") == 1
    assert page.count("Second window") == 1
    # A code that opens a home is no line
    status, said = post(
        ward.nia,
        f"{here}/line",
        seed=seed,
        version="2",
        text="Key safe code 4821 by the door",
        by_itself="1",
    )
    assert status == 422
    assert b"opens a home" in said


def test_a_line_changed_after_it_was_read_is_not_taken_over(ward: Ward) -> None:
    here, seed = f"/handover/Location.heron/patients/{HERE[2]}", new_uuid()
    fields = {"seed": seed, "by_itself": "1"}
    post(ward.nia, f"{here}/line", version="0", text="As it was read", **fields)
    page = ward.dan.get(here).decode()
    read = re.search(r'name="read" value="([^"]+)"', page)
    assert read is not None
    post(ward.nia, f"{here}/line", version="1", text="As it was changed", **fields)
    taken = post(ward.dan, f"{here}/taken", which=new_uuid(), read=read[1])
    assert taken[0] == 303
    # Nor does the ward's sheet, which knows by times, call it taken over
    row = ward.dan.get("/handover/Location.heron").decode()
    row = row.partition(f'id="row-{HERE[2]}"')[2].partition("</tr>")[0]
    assert "To take over" in row
    page = ward.dan.get(f"{here}?said=changed").decode()
    assert "Nothing was taken over" in page
    now, _, before = page.partition("Lines of earlier shifts")
    assert "As it was changed" in now
    assert "As it was changed" not in before
    read = re.search(r'name="read" value="([^"]+)"', page)
    assert read is not None
    for which in [new_uuid()] * 2:
        taken = post(ward.dan, f"{here}/taken", which=which, read=read[1])
        assert taken[0] == 303
    page = ward.dan.get(here).decode()
    assert "As it was changed" in page.partition("Lines of earlier shifts")[2]


async def _held_up(
    ward: Ward, sql: str, values: tuple[object, ...], *presses: Press
) -> list[int]:
    """Presses, one after the other, that wait within their transactions for ours.

    The last one may not have to. Then ours ends; what each came to.
    """
    async with owner_of(ward.stack) as owner:
        await owner.serve(OrganisationId(1))
        await owner.execute("begin")
        await owner.execute(sql, *values)
        under_way = []
        for many, press in enumerate(presses, start=1):
            under_way.append(asyncio.create_task(asyncio.to_thread(press)))
            blocked = asyncio.create_task(until_waited_for(owner, many=many))
            await asyncio.wait(
                {under_way[-1], blocked}, return_when=asyncio.FIRST_COMPLETED
            )
            blocked.cancel()
        await owner.execute("rollback")
        return list(await asyncio.gather(*under_way))


def admitted(ward: Ward, keys: Path, id_: str) -> str:
    """Somebody new on the ward; where their handover is."""
    with closing(Program(ward.stack, keys, organisation="fernhill")) as program:
        for one in (patient(id_, f"Name{id_}"), stay(id_)):
            program.put(one)
    return f"/handover/Location.heron/patients/{id_}"


def waits(ward: Ward, id_: str) -> bool:
    """Whether the ward's sheet says that there is something to take over."""
    sheet = ward.dan.get("/handover/Location.heron").decode()
    row = sheet.partition(f'id="row-{id_}"')[2].partition("</tr>")[0]
    assert "To take over" in row or "Taken over" in row, row
    return "To take over" in row


def read_in(page: bytes) -> str:
    found = re.search(rb'name="read" value="([^"]+)"', page)
    assert found is not None
    return found[1].decode()


@pytest.mark.parametrize("held", ["the line", "the lock"])
def test_a_line_under_way_while_somebody_takes_over_waits_on_the_sheet(
    ward: Ward, tmp_path: Path, held: str
) -> None:
    id_, seed = f"late-{new_uuid()[:8]}", new_uuid()
    here = admitted(ward, tmp_path, id_)
    line = {"seed": seed, "text": "As it was read"}
    assert post(ward.nia, f"{here}/line", version="0", **line)[0] == 303
    read = read_in(ward.dan.get(here))

    def goes_on() -> int:
        changed = {"seed": seed, "version": "1", "text": "Fell at ten past"}
        return post(ward.nia, f"{here}/line", **changed)[0]

    def takes_over() -> int:
        return post(ward.dan, f"{here}/taken", which=new_uuid(), read=read)[0]

    # Nia's newer words are stamped and not there yet when Dan takes over
    sql, values = HELD[held]
    asked = values or (lock_of(OrganisationId(1), id_),)
    came_to = asyncio.run(_held_up(ward, sql, asked, goes_on, takes_over))
    assert came_to == [303, 303]
    page = ward.dan.get(here).decode().partition("Lines of earlier shifts")[0]
    assert "Fell at ten past" in page
    assert waits(ward, id_)
    # And is taken over once he has read them
    read = read_in(ward.dan.get(here))
    assert takes_over() == 303
    assert not waits(ward, id_)


def test_whoever_can_be_chosen_no_longer_is_left_out_of_nothing_silently(
    ward: Ward,
) -> None:
    thread, letter, gone = new_uuid(), new_uuid(), "Practitioner/gone"
    fields = {"which": thread, "subject": "About them", "text": WORDS}
    about_her = f"/patients/{HERE[0]}"
    status, page = post(
        ward.nia,
        f"{about_her}/messages/new",
        to_1=f"Practitioner/{DAN.practitioner}",
        to_2=gone,
        **fields,
    )
    assert (status, b"can be chosen no longer" in page) == (422, True)
    assert ward.nia.ask("GET", f"/messages/{thread}")[0] == 404
    typed = {"to": "Dr Finch", "subject": "Visit", "body": "Seen.", "copies": ""}
    status, page = post(
        ward.nia,
        f"{about_her}/letters/new",
        which=letter,
        version="0",
        approver=gone,
        **typed,
    )
    assert (status, b"Choose who it is for" in page) == (422, True)
    assert ward.nia.ask("GET", f"{about_her}/letters/{letter}")[0] == 404


def test_receipts_of_a_whole_team_push_no_answer_out_of_its_thread(
    ward: Ward, tmp_path: Path
) -> None:
    thread = write_message(ward.nia, HERE[0], WARD)
    answer = "ffffffff-ffff-4fff-bfff-ffffffffffff"
    category = {"system": "urn:wardkeep:message", "code": "receipt"}
    made = [
        {
            "resourceType": "Communication",
            "id": receipt_id(thread, f"Practitioner/reader-{n}"),
            "status": "completed",
            "category": [{"coding": [category]}],
            "subject": {"reference": f"Patient/{HERE[0]}"},
            "sent": "2026-11-29T08:00:00+00:00",
            "sender": {"display": f"Reader {n}"},
            "partOf": [{"reference": f"Communication/{thread}"}],
            "inResponseTo": [{"reference": f"Communication/{thread}"}],
        }
        for n in range(2 * MOST_IN_THREAD)
    ]
    with closing(Program(ward.stack, tmp_path, organisation="fernhill")) as program:
        for at in range(0, len(made), 100):
            program.put_together(*made[at : at + 100])
    text = "He is worse; come now"
    assert (
        post(ward.nia, f"/messages/{thread}/answer", which=answer, text=text)[0] == 303
    )
    assert text in ward.dan.get(f"/messages/{thread}").decode()
    listed = ward.dan.get("/messages").decode()
    assert re.search(rf"{thread}.*?2 unread", listed, re.DOTALL)


def test_paper_counts_as_prints_and_names_whoever_is_beyond_them(ward: Ward) -> None:
    fields = {f"p-{one}": "on" for one in HERE}
    body = urlencode(fields).encode()
    status, page = ward.dan.ask("POST", "/handover/Location.heron/print", body)
    assert status == 200
    assert page.count(b"Printed by") == len(HERE)
    for one in HERE:
        history = ward.dan.get(f"/patients/{one}/history")
        assert b"rinted" in history


def test_a_desk_reaches_none_of_it(ward: Ward) -> None:
    token = ward.stack.sign_in("fernhill", list(HERE), role="receptionist")
    with closing(Visitor(ward.stack.port, token)) as desk:
        for path in (
            *("/tasks", "/messages", "/letters", "/handover", "/handover/x"),
            *(f"/patients/{HERE[0]}/tasks", f"/patients/{HERE[0]}/messages/new"),
        ):
            assert desk.ask("GET", path)[0] == 403, path


def test_whoever_has_read_a_message_is_named_up_to_what_was_shown(ward: Ward) -> None:
    thread = write_message(ward.nia, HERE[0], "Practitioner/dan")
    later = new_uuid()
    shown = ward.dan.get(f"/messages/{thread}").decode()
    last = re.search(r'name="last" value="([^"]+)"', shown)
    assert last is not None
    sent = post(ward.nia, f"/messages/{thread}/answer", which=later, text="One more")
    assert sent[0] == 303
    for _ in range(2):
        assert post(ward.dan, f"/messages/{thread}/read", last=last[1])[0] == 303
    page = ward.nia.get(f"/messages/{thread}").decode()
    assert page.count("Read by") == 1
    assert page.count("Nobody has read it yet") == 1
    unread = ward.dan.get("/messages").decode()
    assert re.search(rf"{thread}.*?1 unread", unread, re.DOTALL)
