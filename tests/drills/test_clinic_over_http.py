# SPDX-License-Identifier: Apache-2.0
"""A clinic over HTTP with everybody at once, and its screens in a thief's hands.

Web, warden, worker and database are processes of their own, as they are at a hospital.
"""

import asyncio
import base64
import http.client
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drills.test_check_in import kiosk
from support.at_once import at_once
from support.clinic_site import (
    ORGANISATION,
    comes_back,
    employ,
    facts_of,
    open_clinic,
    row,
)
from support.clinics import PLACE
from support.note_writer import Page, begin
from support.program import Program
from support.served import Served, Visitor, served
from support.warden import RunningWarden
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.ids import new_uuid
from wardkeep.base.stored_id import stored_id
from wardkeep.fhir.clinics.resources import instant

DESKS, KIOSKS, PEOPLE, RACED = 50, 6, 16, 12
_OK, _SEE_OTHER, _CONFLICT = 200, 303, 409
JSON = {"Content-Type": "application/json"}
SLOT = "slot-raced"
_QUEUE = """
select count(*) as entries, count(distinct appointment) as people,
       count(distinct ticket) as numbers,
       (select count(*) from clinic.step where became = 'waiting'
          and appointment = any($1)) as arrivals
  from clinic.entry where appointment = any($1)
"""
_BOOKED = """
select count(*) as booked from clinic.booking where slot = $1 and status = 'booked'
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("clinic-http")
    with served(folder, WARDKEEP_WEB_WORKERS="2") as running:
        keys = tmp_path_factory.mktemp("keys")
        open_clinic(running, keys, people=PEOPLE)
        add_times(running, tmp_path_factory.mktemp("more-keys"))
        yield running


def add_times(server: Served, keys: Path) -> None:
    """One free slot of the clinic, an hour from now."""
    starts = SystemClock().now().astimezone(LONDON).timestamp() + 3600
    times = [
        instant(datetime.fromtimestamp(starts + 900 * n, LONDON)) for n in range(2)
    ]
    schedule = {
        "resourceType": "Schedule",
        "id": "times",
        "actor": [{"reference": f"Location/{PLACE}"}],
    }
    slot = {
        "resourceType": "Slot",
        "id": SLOT,
        "schedule": {"reference": "Schedule/times"},
        "status": "free",
        "start": times[0],
        "end": times[1],
    }
    with closing(Program(server, keys, organisation=ORGANISATION)) as program:
        program.put(schedule)
        program.put(slot)


@pytest.fixture(scope="module")
def staff(site: Served) -> dict[str, list[str]]:
    return employ(site, {"receptionist": DESKS, "doctor": 2})


def sent(
    site: Served,
    token: str,
    path: str,
    fields: dict[str, str],
) -> tuple[int, str]:
    """Status, and where it leads or what it says."""
    connection = http.client.HTTPConnection("localhost", site.port, timeout=60)
    headers = {
        "Origin": site.origin,
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"wardkeep={token}",
    }
    with closing(connection):
        connection.request("POST", path, urlencode(fields), headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        return answer.status, answer.headers.get("location") or body


# -- everybody at once -----------------------------------------------------------------


def test_fifty_receptionists_and_six_kiosks_check_each_person_in_once(
    site: Served, staff: dict[str, list[str]]
) -> None:
    kiosks = asyncio.run(let_in(site))
    desks = staff["receptionist"]

    def desk(which: int) -> Callable[[], tuple[int, str]]:
        def press() -> tuple[int, str]:
            said = []
            for n in range(which, which + 3):
                fields = {"appointment": f"a-{n % RACED}", "do": "check-in"}
                said.append(sent(site, desks[which], f"/clinics/{PLACE}/do", fields))
            assert {status for status, _ in said} == {_SEE_OTHER}, said
            return _SEE_OTHER, " ".join(where for _, where in said)

        return press

    def machine(which: int) -> Callable[[], tuple[int, str]]:
        return lambda: checks_in_alone(site, kiosks[which], which)

    answers = at_once(
        [desk(n) for n in range(DESKS)] + [machine(n) for n in range(KIOSKS)]
    )
    said = Counter(re.findall(r"said=([a-z-]+)", " ".join(text for _, text in answers)))
    assert set(said) == {"in", "already"}, said
    by_kiosk = [text for _, text in answers[DESKS:]]
    assert all("ci-title--done" in text for text in by_kiosk), by_kiosk
    first_by_kiosk = RACED - said["in"]
    assert 0 <= first_by_kiosk <= KIOSKS
    found = row(site, _QUEUE, [f"a-{n}" for n in range(RACED)])
    assert found == dict.fromkeys(("entries", "people", "numbers", "arrivals"), RACED)


async def let_in(site: Served) -> list[str]:
    """Tokens of six kiosks at the clinic's door."""
    warden = RunningWarden(site, None)  # type: ignore[arg-type]
    made = [await kiosk(warden, team=f"Door {n}", place=PLACE) for n in range(KIOSKS)]
    await warden.door.close()
    await warden.operator.close()
    return [one.token for one in made]


def checks_in_alone(site: Served, token: str, n: int) -> tuple[int, str]:
    """Two facts, and *check in*, as a person at a kiosk does."""
    born, family = facts_of(n)
    facts = json.dumps({"born": born, "family": family[:3], "given": ""}).encode()
    with closing(Visitor(site.port, "")) as visitor:
        headers = {**JSON, "Authorization": f"Bearer {token}"}
        status, told = visitor.ask("POST", "/kiosk/check-in", facts, headers)
        assert (status, json.loads(told)["outcome"]) == (_OK, "go-on"), told
        fields = {
            "ticket": json.loads(told)["ticket"],
            "in": "en",
            "response": new_uuid(),
            "correction": new_uuid(),
            "shown_as": "number",
        }
        return sent(site, "", "/check-in/finish", fields)


def test_of_two_who_book_one_time_one_has_it_and_the_other_is_told(
    site: Served, staff: dict[str, list[str]]
) -> None:
    def books(which: int) -> Callable[[], tuple[int, str]]:
        fields = {
            "slot": SLOT,
            "patient": f"p-{which}",
            "booking": f"raced-{which}",
            "reason": "to come again",
        }
        token = staff["receptionist"][which]
        return lambda: sent(site, token, f"/clinics/{PLACE}/book", fields)

    answers = at_once([books(n) for n in range(2)])
    assert sorted(status for status, _ in answers) == [_SEE_OTHER, _CONFLICT], answers
    [told] = [text for status, text in answers if status == _CONFLICT]
    assert "Somebody else has just booked that time" in told
    assert row(site, _BOOKED, SLOT) == {"booked": 1}
    winner = next(n for n in range(2) if answers[n][0] == _SEE_OTHER)
    again = books(winner)()
    assert again == answers[winner], "sent again, it is done once"
    assert row(site, _BOOKED, SLOT) == {"booked": 1}


def test_two_windows_of_one_note_lose_no_word_and_sign_nothing_unread(
    site: Served, staff: dict[str, list[str]]
) -> None:
    token, patient = staff["doctor"][0], "p-15"
    with (
        closing(Visitor(site.port, token)) as first,
        closing(Visitor(site.port, token)) as second,
    ):
        draft = begin(first, patient=patient)
        windows = [Page(one, draft, patient=patient) for one in (first, second)]
        texts = ["Written at the desk.", "Written at the bedside."]

        def saves(which: int) -> Callable[[], tuple[int, str]]:
            def save() -> tuple[int, str]:
                status, told = windows[which].save(texts[which])
                return status, json.dumps(told)

            return save

        answers = at_once([saves(n) for n in range(2)])
        assert [status for status, _ in answers] == [_OK, _OK], answers
        status, sides = windows[0].sign()
        assert status == _CONFLICT
        # What they share stands there once, what differs is marked.
        shown = first.get(f"/patients/{patient}/drafts/{draft}/texts")
        for page in (sides, shown):
            assert b"desk." in page
            assert b"bedside." in page
        ended = row(
            site,
            "select count(*) as n from record.resource where id = $1",
            stored_id(draft),
        )
        assert ended == {"n": 0}, "nothing was signed"


# -- screens in a thief's hands --------------------------------------------------------


class Screen:
    """A screen that reads its stream: its lines, when each came, and the end."""

    def __init__(self, site: Served, secret: str) -> None:
        self.lines: list[dict[str, Any]] = []
        self.ended_at = 0.0
        self._connection = http.client.HTTPConnection("localhost", site.port)
        headers = {**JSON, "Origin": site.origin}
        asked = json.dumps({"secret": secret})
        self._connection.request("POST", "/live/screen", asked, headers)
        self._answer = self._connection.getresponse()
        assert self._answer.status == _OK
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        try:
            while line := self._answer.readline():
                self.lines.append(json.loads(line))
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self.ended_at = time.monotonic()

    def until(self, holds: Callable[[], bool], *, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, self.lines[-3:]
            time.sleep(0.005)

    def ends(self, *, seconds: float) -> None:
        self.until(lambda: self.ended_at > 0, seconds=seconds)

    @property
    def rooms(self) -> list[str]:
        return [one["room"] for one in self.lines[-1]["called"]] if self.lines else []

    def close(self) -> None:
        if self._connection.sock is not None:
            with suppress(OSError):
                self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._reading.join()
        self._connection.close()


def paired(site: Served, desk: str) -> str:
    """A screen's secret."""
    with closing(Visitor(site.port, desk)) as visitor:
        page = visitor.post(f"/clinics/{PLACE}/screens", {"add": "yes"}).decode()
    code = page.split('wk-number">')[-1].split("<")[0]
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    asked = {"code": code, "key": base64.b64encode(point).decode()}
    with closing(Visitor(site.port, "")) as device:
        _, told = device.ask("POST", "/screen/pair", json.dumps(asked).encode(), JSON)
    secret: str = json.loads(told)["secret"]
    assert secret
    return secret


def ends_all(site: Served, desk: str) -> None:
    with closing(Visitor(site.port, desk)) as visitor:
        page = visitor.get(f"/clinics/{PLACE}/screens").decode()
        for id_ in re.findall(r'name="screen" value="([^"]+)"', page):
            sent(site, desk, f"/clinics/{PLACE}/screens/end", {"screen": id_})


def does(site: Served, token: str, n: int, verb: str, **more: str) -> None:
    fields = {"appointment": f"a-{n}", "do": verb, **more}
    status, where = sent(site, token, f"/clinics/{PLACE}/do", fields)
    assert status == _SEE_OTHER, where


def test_a_screen_calls_at_once_and_a_stolen_one_ends_with_its_end(
    site: Served, staff: dict[str, list[str]]
) -> None:
    desk, doctor = staff["receptionist"][0], staff["doctor"][1]
    secret = paired(site, desk)
    does(site, desk, 12, "check-in")
    screen, thief = Screen(site, secret), Screen(site, secret)
    with closing(screen), closing(thief):
        screen.until(lambda: bool(screen.lines), seconds=5)
        assert "Room 7" not in screen.rooms
        does(site, doctor, 12, "call", room="Room 7")
        screen.until(lambda: "Room 7" in screen.rooms, seconds=2)
        assert "worthy" not in json.dumps(screen.lines)
        begun = time.monotonic()
        ends_all(site, desk)
        for one in (screen, thief):
            one.ends(seconds=5)
            assert one.ended_at - begun < 2, "two pages are asked for within it"
            assert one.lines[-1] == {**one.lines[-1], "is_let_in": False, "called": []}
    with closing(Screen(site, secret)) as again:
        again.ends(seconds=5)
        assert [one["is_let_in"] for one in again.lines] == [False]


def test_who_stole_a_screens_secret_takes_few_streams_and_nobodys_place(
    site: Served, staff: dict[str, list[str]]
) -> None:
    desk = staff["receptionist"][0]
    secret = paired(site, desk)
    opened = [Screen(site, secret) for _ in range(12)]
    # Each of the two web processes keeps four.
    opened[0].until(lambda: sum(one.ended_at > 0 for one in opened) >= 4, seconds=10)
    for wrong in ("", "1.x", f"2{secret[1:]}", secret[:-1], "1." + "x" * 43):
        with closing(Screen(site, wrong)) as nobody:
            nobody.ends(seconds=5)
            assert [one["is_let_in"] for one in nobody.lines] == [False]
    with closing(Visitor(site.port, desk)) as visitor:
        assert visitor.ask("GET", f"/clinics/{PLACE}")[0] == _OK
    ends_all(site, desk)
    for one in opened:
        one.close()


def test_a_screens_stream_ends_when_the_database_dies_and_begins_again(
    site: Served, staff: dict[str, list[str]]
) -> None:
    """The break is how the screen knows at once; nothing old goes on looking live."""
    desk = staff["receptionist"][0]
    secret = paired(site, desk)
    with closing(Screen(site, secret)) as screen:
        screen.until(lambda: bool(screen.lines), seconds=5)
        before = site.postmaster()
        site.kill_process(before)
        screen.ends(seconds=5)
    comes_back(site, before, "database")
    with closing(Screen(site, secret)) as again:
        again.until(lambda: len(again.lines) > 1, seconds=10)
        assert again.lines[-1]["is_let_in"] is True
    ends_all(site, desk)
