# SPDX-License-Identifier: Apache-2.0
"""Drills on the telephone: out of order, replayed, flooded, forged, by a wrong clock.

The real processes over HTTP, a program with a key, and the real command.
"""

import asyncio
import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.acts import Colleague
from support.calls import answer, send
from support.ledgers import entries_in
from support.program import Program
from support.served import Served, Visitor, eventually, served
from support.telephone import CALLER, Telephone, rings
from support.urgent import queue_places
from support.urgent_figures import agreed_by, two_who_agree
from support.ward_beds import now
from support.wards import Worker, patient, practitioner, work
from wardkeep.assembly.database import OWNER, WEB, address_for
from wardkeep.assembly.synthetic_telephone import Line, keep_line
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import OrganisationId, derived_uuid
from wardkeep.crypto.es256 import new_es256_key, private_jwk, public_jwk
from wardkeep.db.connection import Database, connect
from wardkeep.fhir.urgent.telephone.rows import calls_of
from wardkeep.fhir.urgent.telephone.seats import MOST_AN_HOUR

HOME = "fernhill"
TIM = Worker("health_advisor", "Tim Taker", "tim")
UMA = Worker("health_advisor", "Uma Taker", "uma")
BEGAN = now() - timedelta(minutes=30)
DAY = BEGAN.astimezone(LONDON).date()
CHECK = ("figures", "check", "--organisation", HOME, "--period", f"{DAY:%Y-%m}")
Json = dict[str, Any]


class Room(NamedTuple):
    """A stack, a telephone system, two call takers, their lead, two who agree."""

    stack: Served
    telephone: Telephone
    program: Program
    tim: Visitor
    uma: Visitor
    lead: Visitor
    first: Colleague
    second: Colleague


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    keys: Path = tmp_path_factory.mktemp("keys")
    with served(tmp_path_factory.mktemp("telephone")) as stack:
        stack.found(HOME)
        with (
            closing(Program(stack, keys, organisation=HOME)) as program,
            closing(Telephone(stack, keys, organisation=HOME)) as telephone,
        ):
            for one in (*queue_places(), practitioner(TIM), practitioner(UMA)):
                program.put(one)
            tokens = [stack.sign_in(HOME, [], role="health_advisor") for _ in range(2)]
            asyncio.run(work(stack, HOME, zip(tokens, (TIM, UMA), strict=True)))
            lead = stack.sign_in(HOME, [], role="shift_lead")
            people = asyncio.run(two_who_agree(stack, HOME))
            tim, uma = (Visitor(stack.port, token) for token in tokens)
            with (
                closing(tim),
                closing(uma),
                closing(Visitor(stack.port, lead)) as leads,
            ):
                yield Room(stack, telephone, program, tim, uma, leads, *people)


class Elsewhere(NamedTuple):
    """An organisation of its own, in which nobody rang yet."""

    telephone: Telephone
    lead: Visitor


@contextmanager
def elsewhere(room: Room, slug: str, folder: Path) -> Iterator[Elsewhere]:
    room.stack.found(slug)
    token = room.stack.sign_in(slug, [], role="shift_lead")
    with (
        closing(Telephone(room.stack, folder, organisation=slug)) as telephone,
        closing(Visitor(room.stack.port, token)) as lead,
    ):
        yield Elsewhere(telephone, lead)


def row(room: Room | Elsewhere, item: str) -> str:
    page = room.lead.get("/urgent-figures").decode()
    return page.partition(f'id="i-{item}"')[2].partition("</tr>")[0]


def figures(room: Room, item: str) -> dict[str, str]:
    text = room.lead.get(f"/urgent-figures/report.csv?on={DAY}").decode()
    rows = {one["item"]: one for one in csv.DictReader(text.splitlines())}
    return rows[item]


def written(room: Room, sql: str, *values: object) -> str:
    """As whoever has the database, and no key."""

    async def write() -> str:
        settings, layout = room.stack.settings, room.stack.layout
        connection = await connect(address_for(settings, layout, OWNER))
        try:
            await connection.serve(OrganisationId(1))
            return await connection.execute(sql, *values)
        finally:
            await connection.close()

    return asyncio.run(write())


def given(room: Room) -> list[str]:
    """Reasons of entries by which the door gave somebody a caller's number."""
    found = entries_in(room.stack.layout.ledger)
    return [one.reason for one in found if one.action == "caller-number"]


def sit(visitor: Visitor, device: str) -> None:
    status, page, to = send(visitor, "/calls/telephone", device=device)
    assert (status, to) == (303, "/calls"), page[:500]


def sat(room: Room, visitor: Visitor, device: str) -> None:
    """They sit there since two hours ago."""
    sit(visitor, device)
    earlier = "update telephone.seat set since = $2 where device = $1"
    assert written(room, earlier, device, now() - timedelta(hours=2)).endswith(" 1")


def test_before_any_telephone_speaks_nothing_is_counted_and_nothing_breaks(
    room: Room, tmp_path: Path
) -> None:
    with elsewhere(room, "silent", tmp_path) as here:
        page = here.lead.get("/urgent-figures").decode()
        assert "On the telephone now" not in page
        assert "No telephone system told of any call" in page
        assert 'id="i-calls-offered"' not in page


def test_events_out_of_order_twice_and_late_come_to_the_same(
    room: Room, tmp_path: Path
) -> None:
    told = [
        *rings("late", BEGAN, answered=20, over=400),
        *rings("gone", BEGAN, over=50),
        *rings("slow", BEGAN, answered=90, over=300),
    ]
    with elsewhere(room, "shuffled", tmp_path) as here:
        # What came last first, each in a batch of its own; then all of it once more
        for one in reversed(told):
            reply = here.telephone.tells(one, now=now())
            assert (reply.status, reply.json["new"]) == (200, 1), reply
        reply = here.telephone.tells(*told, now=now())
        assert reply.json == {"new": 0, "known": len(told), "refused": []}
        # The same id with another moment changes nothing: the first was counted
        changed = {**told[0], "at": (BEGAN - timedelta(hours=3)).isoformat()}
        assert here.telephone.tells(changed, now=now()).json["new"] == 0
        assert ">3<" in row(here, "calls-offered")
        assert "33.3%" in row(here, "calls-abandoned")
        assert "50.0%" in row(here, "answered-60")
        # Queued after a second, answered after 20 and 90: 19 and 89 seconds
        assert "54 s" in row(here, "speed-to-answer")
        assert "89 s" in row(here, "speed-to-answer-95")


def test_who_waits_now_stands_on_the_live_page(room: Room, tmp_path: Path) -> None:
    ago = now() - timedelta(minutes=4)
    with elsewhere(room, "waiting", tmp_path) as here:
        here.telephone.tells(
            *rings("waits", ago), *rings("gone", ago, over=9), now=now()
        )
        page = here.lead.get("/urgent-figures").decode()
        assert ">1<" in told_in(page, "t-waiting")
        longest = told_in(page, "t-longest")
        assert ">3:59<" in longest or ">4:0" in longest, "since it was queued"
        assert "Over two minutes" in longest
        assert ">1<" in told_in(page, "t-gave-up")
        here.telephone.tells(*rings("waits", ago, over=200), now=now())
        page = here.lead.get("/urgent-figures").decode()
        assert ">0<" in told_in(page, "t-waiting")


def told_in(page: str, id_: str) -> str:
    return page.partition(f'id="{id_}"')[2].partition("</div>")[0]


def test_the_number_goes_to_whoever_answered_and_to_nobody_else(room: Room) -> None:
    sat(room, room.tim, "4031")
    sat(room, room.uma, "4032")
    told = rings("mine", now() - timedelta(seconds=20), answered=10, device="4031")
    assert room.telephone.tells(*told, now=now()).status == 200
    page = room.tim.get("/calls").decode()
    which = derived_uuid("telephone-call", room.telephone.id, "mine")
    assert CALLER in page
    assert f'name="which" value="{which}"' in page
    assert CALLER not in room.uma.get("/calls").decode()
    # Neither is it in the database, in no table of the telephone and in no figure
    for table in ("system", "event", "call", "seat"):
        sql = f"select 1 from telephone.{table} as t where t::text like $1"  # noqa: S608
        assert written(room, sql, f"%{CALLER[1:]}%").endswith(" 0")
    # It was the door that gave it, an entry each time
    assert f"Call {which}" in given(room)
    call = answer(room.tim, CALLER, which=which)
    page = room.tim.get("/calls").decode()
    assert CALLER not in page, "its case was begun"
    assert f'id="rang-{which}"' not in page
    # And pressed twice it is one case
    assert answer(room.tim, CALLER, which=which) == call
    # Whoever sits down there has the next call, and not this one
    sit(room.uma, "4031")
    assert CALLER not in room.uma.get("/calls").decode()
    assert "extension <span" not in room.tim.get("/calls").decode()


def test_a_number_that_is_told_late_goes_to_whoever_sat_there_then(room: Room) -> None:
    sat(room, room.tim, "4011")
    answered = now()
    sit(room.uma, "4011")
    sit(room.tim, "4012")
    late = rings("then", answered - timedelta(seconds=30), answered=10, device="4011")
    assert room.telephone.tells(*late, now=now()).status == 200
    assert CALLER not in room.uma.get("/calls").decode()
    assert CALLER in room.tim.get("/calls").decode()
    # What is older than a number is held is nobody's just now
    sat(room, room.uma, "4013")
    began = now() - timedelta(minutes=45)
    old = rings("long ago", began, answered=10, device="4013")
    assert room.telephone.tells(*old, now=now()).status == 200
    assert CALLER not in room.uma.get("/calls").decode()


def test_a_stolen_session_takes_no_more_than_a_desks_telephones(room: Room) -> None:
    sit(room.tim, "4001")
    sit(room.uma, "4019")
    taken = (
        "insert into telephone.seat"
        " (since, until, account, organisation, device, taker)"
        " select now() - make_interval(mins => nth), now(), account, organisation,"
        " 'X' || nth, taker from telephone.seat, generate_series(1, $1) as nth"
        " where device = '4019' and until is null"
    )
    assert written(room, taken, MOST_AN_HOUR).endswith(f" {MOST_AN_HOUR}")
    try:
        status, page, _ = send(room.uma, "/calls/telephone", device="4001")
        assert (status, b"too often" in page) == (429, True)
        assert b"4001" in room.tim.get("/calls")
        # To leave one's own is nobody's loss
        assert send(room.uma, "/calls/telephone", device="")[0] == 303
    finally:
        over = "update telephone.seat set since = since - interval '3 hours'"
        written(room, f"{over} where device like 'X%'")
    sit(room.uma, "4002")


def test_answered_is_the_telephones_moment_and_not_the_typing(room: Room) -> None:
    sat(room, room.uma, "4003")
    began = now() - timedelta(seconds=45)
    told = rings("typed", began, answered=5, device="4003", caller="07700900555")
    room.telephone.tells(*told, now=now())
    call = answer(room.uma, "07700900777")
    ended = {"disposition": "self-care", "said": "Rest.", "advice": "Ring again."}
    before = figures(room, "call-length")
    status, page, _ = send(room.uma, f"{call.path}/end", **ended)
    assert status == 303, page[:800]
    assert linked(room)[uuid_of(room, "typed")] == call.case
    assert figures(room, "call-length")["denominator"] >= before["denominator"]


def linked(room: Room) -> dict[str, str]:
    """Cases by telephone call, as figures link them."""

    async def ask() -> dict[str, str]:
        address = address_for(room.stack.settings, room.stack.layout, WEB)
        database = Database(address, size=1)
        since, until = now() - timedelta(hours=2), now() + timedelta(hours=1)
        async with database.connection(OrganisationId(1)) as connection:
            rows = await calls_of(connection, OrganisationId(1), since, until)
        await database.close()
        return {str(one.call): one.case for one in rows if one.case}

    return asyncio.run(ask())


def test_a_stolen_telephone_key_reaches_no_patient_no_name_and_no_number(
    room: Room,
) -> None:
    room.program.put(patient("ivy", "Ivydale", "9990000069"))
    thief = room.telephone
    for path in ("Patient/ivy", "Patient?family=Ivydale", "Encounter", "metadata/x"):
        assert thief.get(path).status in (401, 403, 404), path
    for path in ("/telephone/events", "/telephone", "/telephone/calls"):
        headers = {"Authorization": f"Bearer {thief.token}"}
        assert thief.raw("GET", path, b"", headers).status in (404, 405)
    for path in ("/calls", "/urgent-figures", "/scim/v2/Users", "/cds-services"):
        headers = {"Authorization": f"Bearer {thief.token}"}
        reply = thief.raw("GET", path, b"", headers)
        assert reply.status in (303, 401, 403), path
        assert b"Ivydale" not in reply.raw
    # No other scope comes out of its registration, and no other token goes in here
    assert thief.ask_for_token(thief.assertion(), "system/*.rs").status == 400
    other = {"Authorization": f"Bearer {room.program.token}"}
    assert (
        thief.posts({"sent_at": now().isoformat(), "events": []}, other).status == 403
    )
    assert thief.posts({"sent_at": now().isoformat(), "events": []}, {}).status == 401
    told = thief.tells(*rings("asks", now(), over=1), now=now()).json
    assert set(told) == {"new", "known", "refused"}


def test_events_that_are_odd_are_refused_each_by_itself(room: Room) -> None:
    good = rings("good", now() - timedelta(minutes=2))[0]
    odd = {
        "x": {"event": "Abandoned"},
        "y": {"at": "yesterday"},
        "z": {"at": "2026-11-29T04:00:00"},
        "device": {"device": "07700900123"},
        "": {"id": ""},
        "long": {"call": "c" * 300},
    }
    told = [{**good, "id": id_, **change} for id_, change in odd.items()]
    reply = room.telephone.tells(good, *told, now=now())
    assert reply.json["new"] == 1
    assert len(reply.json["refused"]) == len(odd)
    for raw in (b"", b"[]", b'{"events": 1}', b"\xff\xfe", b'{"a":' * 5_000):
        headers = {"Authorization": f"Bearer {room.telephone.token}"}
        reply = room.telephone.raw("POST", "/telephone/events", raw, headers)
        assert reply.status == 400, raw[:20]
    many = rings("many", now()) * 600
    assert room.telephone.tells(*many, now=now()).status == 413


def test_a_clock_that_is_wrong_is_said_and_the_future_is_refused(room: Room) -> None:
    ahead = now() + timedelta(hours=1)
    reply = room.telephone.tells(*rings("ahead", ahead), sent_at=ahead, now=now())
    assert reply.json["new"] == 0
    assert "future" in reply.json["refused"][0]["why"]
    page = room.lead.get("/urgent-figures").decode()
    assert "60:00 min ahead of ours" in page or "59:59 min ahead of ours" in page
    old = rings("old", now() - timedelta(days=8))
    assert (
        "seven days" in room.telephone.tells(*old, now=now()).json["refused"][0]["why"]
    )
    page = room.lead.get("/urgent-figures").decode()
    assert "ahead of ours" not in page, "it was right in the last batch"


def test_a_flood_is_turned_away_before_it_is_kept(room: Room) -> None:
    full = (
        "update telephone.system set hour_events = 59_990, hour_began = now()"
        " where system = $1"
    )
    system = room.telephone.id
    assert room.telephone.tells(*rings("before", now()), now=now()).status == 200
    assert written(room, full, system).endswith(" 1")
    reply = room.telephone.tells(*rings("flood", now()) * 10, now=now())
    assert reply.status == 429
    assert 3_000 < int(reply.headers["retry-after"]) <= 3_600
    assert room.telephone.tells(*rings("flood", now())[:1], now=now()).status == 200
    again = "update telephone.system set hour_events = 0 where system = $1"
    assert written(room, again, system).endswith(" 1")
    assert room.telephone.tells(*rings("flood", now()), now=now()).json["known"] == 1


@contextmanager
def ringing(line: Path) -> Iterator[None]:
    """A process that rings and tells, and is killed in the midst."""
    words = ("-m", "wardkeep.cli", "synthetic-telephone", "--line", str(line))
    with subprocess.Popen([sys.executable, *words]) as process:
        try:
            yield
        finally:
            process.kill()


def line_of(server: Served, folder: Path) -> Path:
    """What such a process is given: a key of its own, and how busy it is."""
    key = new_es256_key()
    keys, line = folder / "keys.json", folder / "line.json"
    keys.write_text(json.dumps({"keys": [public_jwk(key)]}))
    made = server.command(
        *("client", "register", "--organisation", HOME, "--name", "Exchange"),
        *("--jwks", str(keys), "--scope", "telephone"),
        *("--patients-per-hour", "0", "--json"),
    )
    told = Line(
        origin=server.origin,
        client=json.loads(made)["client_id"],
        jwk=private_jwk(key),
        extensions=("4005",),
        calls_an_hour=120,
    )
    keep_line(line, told)
    return line


def test_a_telephone_system_that_is_killed_tells_each_call_once(
    room: Room, tmp_path: Path
) -> None:
    """A real process, from outside: what it held back of hours, too."""
    before, line = offered(room), line_of(room.stack, tmp_path)
    with ringing(line):
        eventually(lambda: offered(room) > before + 50, room.stack.log)
    second = now()
    with ringing(line):
        eventually(lambda: is_all_told(room, second), room.stack.log)
        told = offered(room)
    third = now()
    with ringing(line):
        eventually(lambda: is_all_told(room, third), room.stack.log)
    assert told > before + 50
    assert offered(room) - told <= 20, "a few rang meanwhile; none came twice"


def is_all_told(room: Room, since: datetime) -> bool:
    """Whether it told what happened since: it tells what is older first."""
    newer = "select 1 from telephone.event where at > $1 limit 1"
    return written(room, newer, since).endswith(" 1")


def offered(room: Room) -> int:
    """In this shift or today, of which one may just have begun."""
    found = re.findall(r'class="wk-number">([\d,]+)<', row(room, "calls-offered"))
    return max((int(one.replace(",", "")) for one in found), default=0)


def test_forged_calls_are_found_for_there_are_no_cases(room: Room) -> None:
    sat(room, room.tim, "4009")
    forged = [
        event
        for nth in range(60)
        for event in rings(
            f"forged{nth}",
            BEGAN + timedelta(seconds=10 * nth),
            answered=4,
            over=9,
            device="4009" if nth % 2 else "4010",
        )
    ]
    forged += rings("real", BEGAN, over=30)
    assert room.telephone.tells(*forged, now=now()).json["new"] == len(forged)
    agreed_by(room.stack, HOME, room.first, room.second, f"{DAY:%Y-%m}")
    code, told = checked(room)
    assert code == 1
    telephone = told["telephone"]
    assert telephone["unlike"] == 0
    # Half of them at an extension that is nobody's, which explains no more of them
    assert telephone["answered"] - telephone["cases"] >= 58
    assert telephone["nobodys"] >= 30
    assert "there is no case" in room.stack.run(*CHECK).stdout
    # Whoever has the database, and changes a row beside its events, is found too
    better = (
        "update telephone.call set established_at = first_at"
        " where device in ('4009', '4010')"
    )
    assert written(room, better).endswith(" 60")
    changed = 61
    written(room, "delete from telephone.call where call = $1", uuid_of(room, "real"))
    code, told = checked(room)
    assert (code, told["telephone"]["unlike"]) == (1, changed)
    code, told = checked(room, "--mend", "--without-a-case", "100")
    assert (code, told["telephone"]["mended"]) == (0, changed)
    code, told = checked(room, "--without-a-case", "100")
    assert (code, told["telephone"]["unlike"]) == (0, 0)


def test_who_gives_a_call_to_another_extension_or_colleague_is_found(
    room: Room,
) -> None:
    """Whoever has the database, and no key: what a call taker answered is theirs."""
    sat(room, room.tim, "4021")
    told = [
        event
        for name in ("moved", "given", "left")
        for event in rings(name, BEGAN, answered=4, over=9, device="4021")
    ]
    # Whoever sat down meanwhile did not answer what a clock told as of the future
    ahead = now() + timedelta(seconds=60)
    early = rings("early", ahead, answered=30, device="4021")
    for event in (*told, *early):
        event.pop("caller", None)
    reply = room.telephone.tells(*told, *early, now=now())
    assert reply.json["new"] == len(told) + len(early), reply
    sit(room.uma, "4021")
    agreed_by(room.stack, HOME, room.first, room.second, f"{DAY:%Y-%m}")
    before = checked(room)[1]["telephone"]["unlike"]
    assert before == 0
    for column, value, call in (
        ("device", "4099", "moved"),
        ("taker", "uma", "given"),
        ("taker", "", "left"),
    ):
        sql = f"update telephone.call set {column} = $2 where call = $1"  # noqa: S608
        assert written(room, sql, uuid_of(room, call), value).endswith(" 1")
    assert checked(room)[1]["telephone"]["unlike"] == 3
    mended = checked(room, "--mend", "--without-a-case", "100")[1]["telephone"]
    assert mended["mended"] == 3
    assert checked(room)[1]["telephone"]["unlike"] == 0


def uuid_of(room: Room, call: str) -> str:
    return derived_uuid("telephone-call", room.telephone.id, call)


def checked(room: Room, *more: str) -> tuple[int, Json]:
    done = room.stack.run(*CHECK, "--json", *more)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_an_officer_stops_the_one_key_that_was_stolen(
    room: Room, tmp_path: Path
) -> None:
    """By a page, at night, with nobody of the operator; and nothing else stops."""
    with elsewhere(room, "larkspur", tmp_path) as there:
        token = room.stack.sign_in("larkspur", [], role="privacy_officer")
        event = rings("before", now(), over=1)
        assert there.telephone.tells(*event, now=now()).status == 200
        with closing(Visitor(room.stack.port, token)) as officer:
            page = officer.get("/security/freeze").decode()
            [one] = re.findall(r'<option value="(account [^"]+)"', page)
            fields = {"kind": "program", "because": "its key was on a forum"}
            status, page_, _ = send(officer, "/security/freeze", **fields)
            assert (status, b"program is missing" in page_) == (422, True)
            _, _, to = send(officer, "/security/freeze", **fields, program=one)
            assert to == "/security?said=frozen"
        event = rings("after", now(), over=1)
        assert there.telephone.tells(*event, now=now()).status == 401
        assert room.telephone.tells(*event, now=now()).status == 200


def test_where_there_is_no_program_none_is_offered_to_be_stopped(room: Room) -> None:
    room.stack.found("quiet")
    token = room.stack.sign_in("quiet", [], role="privacy_officer")
    with closing(Visitor(room.stack.port, token)) as officer:
        page = officer.get("/security/freeze").decode()
    assert "All support, programs and apps" in page
    assert "One program or app" not in page
