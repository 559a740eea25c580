# SPDX-License-Identifier: Apache-2.0
"""A hospital's morning: 2,200 check-ins over HTTP, and a call until the screen has it.

Twenty clinics, eight desks that press as fast as they are answered, then one desk by
itself; each press is judged at the door, written to the ledger and committed. The call
is from the clinician's press until a screen, on its stream, has been told.
"""

import asyncio
import base64
import http.client
import json
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench._stack import Stack, Visitor, stack
from support.warden import RunningWarden
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Accounts, Done
from wardkeep.disclosure.questions import ListAccounts, SetWork
from wardkeep.fhir.clinics.resources import appointment

ORGANISATION = "bench"
CLINICS, CHECK_INS, DESKS, ALONE, CALLS = 20, 2200, 8, 200, 40
_SEE_OTHER = 303
# A point of P-256 (RFC 6979, A.2.5): the screen of the benchmark opens no box.
_POINT = bytes.fromhex(
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)


def run() -> dict[str, float]:
    with stack() as made:
        made.await_ready()
        made.command("organisation", "create", "--slug", ORGANISATION, "--name", "B")
        load(made, CHECK_INS + ALONE)
        desks = [made.sign_in(ORGANISATION, [], "receptionist") for _ in range(DESKS)]
        doctor = made.sign_in(ORGANISATION, [], "doctor")
        asyncio.run(work_everywhere(made))
        before = made.spent()
        burst = _burst(made, desks)
        spent = made.spent_since(before, what="a check-in", times=CHECK_INS)
        desk = Visitor(made.port, desks[0])
        before = made.spent()
        alone = [
            press(desk, _appointment(n), "check-in")
            for n in range(CHECK_INS, CHECK_INS + ALONE)
        ]
        spent |= made.spent_since(before, what="a check-in alone", times=ALONE)
        return {
            **_figures("check-in, 8 desks at once", burst[1]),
            "check-ins/s, 8 desks at once": CHECK_INS / burst[0],
            **spent,
            **_figures("check-in, one desk alone", alone),
            **_figures("call to screen", _calls(made, doctor)),
        }


def _appointment(n: int) -> tuple[str, str]:
    return f"clinic-{n % CLINICS}", f"a-{n}"


def load(made: Stack, people: int) -> None:
    """Clinics of today, and people who are expected in them by turns."""
    now = SystemClock().now().astimezone(LONDON)
    places: list[dict[str, object]] = [
        {
            "resource": {
                "resourceType": "Location",
                "id": f"clinic-{n}",
                "name": f"Clinic {n}",
            },
            "request": {"method": "PUT", "url": f"Location/clinic-{n}"},
        }
        for n in range(CLINICS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "0-places.json").write_text(json.dumps(_bundle(places)))
        for start in range(0, people, 200):
            entries: list[dict[str, object]] = [
                {"resource": one, "request": {"method": "PUT", "url": url}}
                for n in range(start, start + 200)
                for one, url in _person(n, now)
            ]
            Path(folder, f"{start:05d}.json").write_text(json.dumps(_bundle(entries)))
        made.command("import", folder, "--organisation", ORGANISATION)


def _bundle(entries: list[dict[str, object]]) -> dict[str, object]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _person(n: int, now: object) -> list[tuple[dict[str, object], str]]:
    place, id_ = _appointment(n)
    person: dict[str, object] = {
        "resourceType": "Patient",
        "id": f"p-{n}",
        "name": [{"family": "Quillfeather", "given": ["Bench"]}],
        "birthDate": "1950-02-03",
    }
    booked = appointment(
        id_=id_,
        patient=f"p-{n}",
        place=place,
        starts=now,  # type: ignore[arg-type]
        ends=now,  # type: ignore[arg-type]
        words="Clinic",
        made=now,  # type: ignore[arg-type]
    )
    return [(person, f"Patient/p-{n}"), (booked, f"Appointment/{id_}")]


async def work_everywhere(made: Stack) -> None:
    """Everybody expects whoever comes to any of the clinics."""
    warden = RunningWarden(made, None)  # type: ignore[arg-type]
    listed = await warden.operator.ask(ListAccounts(ORGANISATION), Accounts)
    if not isinstance(listed, Accounts):
        raise TypeError(listed)
    accounts = tuple(one.account for one in listed.accounts)
    places = tuple(f"Location/clinic-{n}" for n in range(CLINICS))
    asked = SetWork(ORGANISATION, (), ((f"Desk {new_uuid()}", places, accounts),))
    answer = await warden.operator.ask(asked, Done)
    if not isinstance(answer, Done):
        raise TypeError(answer)
    await warden.operator.close()
    await warden.door.close()


def _burst(made: Stack, desks: list[str]) -> tuple[float, list[float]]:
    """Seconds for all of it, and for each."""

    def desk(which: int) -> list[float]:
        visitor = Visitor(made.port, desks[which])
        mine = range(which, CHECK_INS, DESKS)
        return [press(visitor, _appointment(n), "check-in") for n in mine]

    began = time.perf_counter()
    with ThreadPoolExecutor(DESKS) as pool:
        told = [one for each in pool.map(desk, range(DESKS)) for one in each]
    return time.perf_counter() - began, told


def press(visitor: Visitor, which: tuple[str, str], verb: str, more: str = "") -> float:
    place, id_ = which
    body = f"appointment={id_}&do={verb}{more}".encode()
    began = time.perf_counter()
    status, page = visitor.ask("POST", f"/clinics/{place}/do", body)
    took = time.perf_counter() - began
    if status != _SEE_OTHER:
        raise RuntimeError(page[:2000])
    return took


def _calls(made: Stack, doctor: str) -> list[float]:
    visitor = Visitor(made.port, doctor)
    secret = _screen(made, visitor)
    told: dict[int, float] = {}
    is_over = threading.Event()
    screen = threading.Thread(target=_watch, args=(made, secret, told, is_over))
    screen.start()
    took = []
    for n in range(CALLS):
        began = time.perf_counter()
        press(visitor, ("clinic-0", f"a-{n * CLINICS}"), "call", "&room=Room+1")
        while len(told) <= n:
            time.sleep(0.002)
        took.append(max(told.values()) - began)
        press(visitor, ("clinic-0", f"a-{n * CLINICS}"), "start")
    is_over.set()
    screen.join()
    return took


def _screen(made: Stack, visitor: Visitor) -> str:
    page = visitor.post("/clinics/clinic-0/screens", {"add": "yes"}).decode()
    code = page.split('wk-number">', 2)[1].split("<", 1)[0]
    sent = {"code": code, "key": base64.b64encode(_POINT).decode()}
    status, body = _json(Visitor(made.port, ""), "/screen/pair", sent)
    secret: str = json.loads(body)["secret"]
    if not secret:
        raise RuntimeError(status)
    return secret


def _watch(
    made: Stack, secret: str, told: dict[int, float], is_over: threading.Event
) -> None:
    """As a screen does it: one stream, a line at each change."""
    connection = http.client.HTTPConnection("localhost", made.port)
    sent = json.dumps({"secret": secret})
    headers = {"Content-Type": "application/json", "Origin": made.origin}
    connection.request("POST", "/live/screen", sent, headers)
    lines = connection.getresponse()
    while not is_over.is_set():
        for one in json.loads(lines.readline())["called"]:
            told.setdefault(one["entry"], time.perf_counter())
    connection.close()


def _json(visitor: Visitor, path: str, sent: dict[str, str]) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json"}
    return visitor.ask("POST", path, json.dumps(sent).encode(), headers)


def _figures(what: str, seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        f"{what}, p50, ms": 1000 * ordered[len(ordered) // 2],
        f"{what}, p95, ms": 1000 * ordered[len(ordered) * 95 // 100],
    }
