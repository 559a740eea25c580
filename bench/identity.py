# SPDX-License-Identifier: Apache-2.0
"""What identity costs: signing in, checking a session, and how fast an end holds.

The whole house runs as `wardkeep serve` starts it. An end is asked for while other
people's requests keep it busy, on a page and on the FHIR API at once.
"""

import asyncio
import http.client
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.authenticator import SoftwareAuthenticator
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.answers import CeremonyOptions, Done, SignedIn
from wardkeep.disclosure.questions import (
    BeginEnrolment,
    CheckSession,
    EndAccount,
    FinishEnrolment,
    Invite,
)
from wardkeep.identity.roles import Role
from wardkeep.warden.sessions import Sessions, SignedInAs

SIGN_INS = 400
CHECKS = 5_000
LIVE = (1, 1_000, 20_000)
ENDS = 20
BUSY = 4
_OK = 200


def run() -> dict[str, float]:
    """Milliseconds, microseconds and rates, as each name says."""
    figures = _lookups()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as server:
        server.found("fernhill")
        figures |= _sign_ins(server)
        figures |= asyncio.run(_checks(server))
        figures |= _ends(server, Path(folder))
    return figures


def _lookups() -> dict[str, float]:
    """The warden's own work for one check, by how many sessions are live."""
    found = {}
    for many in LIVE:
        sessions = Sessions(SystemClock())
        tokens = [sessions.start(_somebody(number))[0] for number in range(many)]
        began = time.perf_counter()
        for number in range(CHECKS):
            sessions.use(tokens[number % many])
        lasted = time.perf_counter() - began
        found[f"session check µs, {many} live"] = lasted / CHECKS * 1e6
    return found


def _somebody(number: int) -> SignedInAs:
    return SignedInAs(
        account=str(number),
        display_name="Rowan Ash",
        organisation=1,
        organisation_name="Fernhill",
        organisation_slug="fernhill",
        role=Role.DOCTOR,
        factor="passkey",
        credential=b"c",
        device="bench",
    )


async def _enrolled(server: Served) -> tuple[str, str, SoftwareAuthenticator]:
    """Somebody new: account, session's token, authenticator."""
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    account = await warden.account("doctor", organisation="fernhill")
    secret = await warden.tell(Invite(account=account, valid_hours=1))
    options = await warden.door.ask(BeginEnrolment(secret), CeremonyOptions)
    if not isinstance(options, CeremonyOptions):
        raise TypeError(options)
    key = SoftwareAuthenticator(origin=server.origin)
    response = key.register(options.options)
    enrolled = await warden.door.ask(
        FinishEnrolment(secret, response, "key", "bench"), SignedIn
    )
    if not isinstance(enrolled, SignedIn):
        raise TypeError(enrolled)
    await warden.door.close()
    await warden.operator.close()
    return account, enrolled.token, key


def _post(server: Served, path: str, sent: bytes) -> bytes:
    """On a connection of its own, as a person's first request is."""
    headers = {"Content-Type": "application/json", "Origin": server.origin}
    with closing(http.client.HTTPConnection("localhost", server.port)) as connection:
        connection.request("POST", path, sent, headers)
        answer = connection.getresponse()
        said = answer.read()
    if answer.status != _OK:
        raise ValueError(said)
    return said


def _sign_in(server: Served, key: SoftwareAuthenticator, many: int) -> list[float]:
    """Seconds that the server took for both steps, each time."""
    waits = []
    for _ in range(many):
        began = time.perf_counter()
        options = _post(server, "/sign-in/begin", b"{}")
        first = time.perf_counter() - began
        response = json.loads(key.sign_in(options))
        sent = json.dumps({"response": response, "next": "/"}).encode()
        began = time.perf_counter()
        _post(server, "/sign-in/finish", sent)
        waits.append(first + time.perf_counter() - began)
    return waits


def _shares(name: str, waits: Sequence[float]) -> dict[str, float]:
    ordered = sorted(waits)
    return {
        f"{name} p{share} ms": ordered[int(len(ordered) * share / 100)] * 1000
        for share in (50, 95)
    }


def _sign_ins(server: Served) -> dict[str, float]:
    keys = [asyncio.run(_enrolled(server))[2] for _ in range(16)]
    alone = _sign_in(server, keys[0], SIGN_INS)
    with ThreadPoolExecutor(len(keys)) as pool:
        many = SIGN_INS // len(keys)
        found = pool.map(lambda key: _sign_in(server, key, many), keys)
        together = [wait for waits in found for wait in waits]
    return _shares("sign-in alone", alone) | _shares("sign-in, 16 at once", together)


async def _checks(server: Served) -> dict[str, float]:
    """Whole checks over the socket, one after the other: what a page waits for."""
    _, token, _ = await _enrolled(server)
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    began = time.perf_counter()
    for _ in range(CHECKS):
        await warden.door.ask_any(CheckSession(token))
    lasted = time.perf_counter() - began
    await warden.door.close()
    return {"session check over the socket µs": lasted / CHECKS * 1e6}


class _Asker(threading.Thread):
    """Asks the same again and again; remembers when it was last let in."""

    def __init__(self, server: Served, path: str, headers: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self._server, self._path, self._headers = server, path, headers
        self.last_let_in = 0.0
        self.asked = 0
        self.stop = threading.Event()

    def run(self) -> None:
        port = self._server.port
        with closing(http.client.HTTPConnection("localhost", port)) as connection:
            while not self.stop.is_set():
                connection.request("GET", self._path, headers=self._headers)
                answer = connection.getresponse()
                answer.read()
                self.asked += 1
                if answer.status == _OK:
                    self.last_let_in = time.perf_counter()


def _asking(askers: Sequence[_Asker], work: Callable[[], None]) -> None:
    for asker in askers:
        asker.start()
    try:
        work()
    finally:
        for asker in askers:
            asker.stop.set()
        for asker in askers:
            asker.join()


def _ends(server: Served, folder: Path) -> dict[str, float]:
    """From the answer to an end until the last request that was still let in."""
    busy = []
    for _ in range(BUSY):
        _, token, _ = asyncio.run(_enrolled(server))
        busy.append(_Asker(server, "/account", {"Cookie": f"wardkeep={token}"}))
    late: list[float] = []
    asked = [0.0, 0.0]

    def end_all() -> None:
        began = time.perf_counter()
        for number in range(ENDS):
            late.extend(_one_end(server, folder / f"program-{number}"))
        asked[1] = time.perf_counter() - began

    _asking(busy, end_all)
    asked[0] = sum(one.asked for one in busy)
    return {
        "let in after an end, worst of 20 ms": max(late) * 1000,
        "requests/s of others meanwhile": asked[0] / asked[1],
    }


def _one_end(server: Served, folder: Path) -> list[float]:
    folder.mkdir()
    account, token, _ = asyncio.run(_enrolled(server))
    with closing(Program(server, folder, organisation="fernhill")) as program:
        headers = {"Authorization": f"Bearer {program.token}"}
        askers = [
            _Asker(server, "/account", {"Cookie": f"wardkeep={token}"}),
            _Asker(server, "/fhir/Patient?_count=1", headers),
        ]
        ended: list[float] = []

        def end() -> None:
            time.sleep(0.3)
            for one in (account, program.id):
                asyncio.run(_end(server, one))
                ended.append(time.perf_counter())
            time.sleep(1.5)

        _asking(askers, end)
    return [
        max(0.0, asker.last_let_in - at)
        for asker, at in zip(askers, ended, strict=True)
    ]


async def _end(server: Served, account: str) -> None:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    answer = await warden.operator.ask(EndAccount(account), Done)
    if answer != Done():
        raise TypeError(answer)
    await warden.operator.close()
