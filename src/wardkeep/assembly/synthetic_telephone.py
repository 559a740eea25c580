# SPDX-License-Identifier: Apache-2.0
"""A telephone system of nobody's: a program that rings, and tells what happened.

It speaks to Wardkeep as a real one would: with a key of its own, from outside, in
batches, and again where no answer came. Its callers are a function of the minute, so a
start after a fall tells the same calls by the same ids. Numbers are those that the
regulator keeps for drama.
"""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.partners import ask_partner, assertion
from wardkeep.base.clock import Clock
from wardkeep.fhir.bars.tokens import Ask, Post
from wardkeep.fhir.urgent.telephone.application import EVENTS
from wardkeep.fhir.urgent.telephone.events import MOST_EVENTS

FILE = "telephone.json"
LOOKS_BACK = timedelta(hours=3)
"""A call that is told of rang since then."""
TELLS_FROM_THE_DAYS_BEGINNING = timedelta(hours=8)
"""At its first word: what was kept back in an outage."""
PAUSE_SECONDS, TOKEN_SECONDS = 1.0, 240.0
_GIVES_UP_PER_100 = 3
_SECONDS_A_MINUTE = 60
_OK = 200
_NOT_SIGNED_IN = 401
Json = dict[str, Any]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What the program is given: its key, its extensions, how busy it is."""

    origin: str
    client: str
    jwk: dict[str, str]
    extensions: tuple[str, ...]
    calls_an_hour: int = 30


def keep_line(path: Path, line: Line) -> None:
    """Whole or not at all, readable by this user alone."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(line))
    partial.replace(path)


def events_of(line: Line, minute: int) -> Iterator[Json]:
    """All that happens to whoever rings in a minute, counted since 1970."""
    chance = Chance("telephone", line.client, minute)
    often = line.calls_an_hour * 100 // _SECONDS_A_MINUTE
    many = often // 100 + chance.happens(often % 100)
    for nth in range(many):
        rang = datetime.fromtimestamp(
            minute * _SECONDS_A_MINUTE + chance.below(_SECONDS_A_MINUTE), UTC
        )
        yield from _call(line, chance, f"{minute}-{nth}", rang)


def _call(line: Line, chance: Chance, call: str, rang: datetime) -> Iterator[Json]:
    wait = 3 + chance.below(18) + (chance.below(120) if chance.happens(10) else 0)
    device = chance.pick(line.extensions)
    number = f"07700900{chance.below(1000):03d}"
    gives_up = chance.happens(_GIVES_UP_PER_100)
    told: list[tuple[str, float]] = [("Offered", 0), ("Queued", 2)]
    if gives_up:
        told.append(("ConnectionCleared", wait + 30))
    else:
        told += [
            ("Delivered", wait),
            ("Established", wait + 2),
            ("ConnectionCleared", wait + 240 + chance.below(900)),
        ]
    for name, after in told:
        event = {
            "id": f"{call}-{name}",
            "call": call,
            "event": name,
            "at": (rang + timedelta(seconds=after)).isoformat(),
        }
        if name == "Established":
            event |= {"device": device, "caller": number}
        yield event


def told_between(line: Line, since: datetime, until: datetime) -> list[Json]:
    """Events after one moment and until another, in the order of time."""
    first = int((since - LOOKS_BACK).timestamp()) // _SECONDS_A_MINUTE
    last = int(until.timestamp()) // _SECONDS_A_MINUTE
    found = [
        event
        for minute in range(first, last + 1)
        for event in events_of(line, minute)
        if since < datetime.fromisoformat(event["at"]) <= until
    ]
    return sorted(found, key=lambda one: (one["at"], one["id"]))


class SyntheticTelephone:
    """Rings, and tells."""

    def __init__(self, line: Line, *, clock: Clock, ask: Ask = ask_partner) -> None:
        self._line = line
        self._clock = clock
        self._ask = ask
        self._told_until = clock.now() - TELLS_FROM_THE_DAYS_BEGINNING
        self._token, self._until = "", 0.0

    def tell(self) -> int:
        """What happened since it was last heard; how many events were taken.

        Where something is not taken, all of it is told again the next time, with what
        happened meanwhile: by the same ids, so nothing counts twice.
        """
        now = self._clock.now()
        waits = told_between(self._line, self._told_until, now)
        taken = 0
        for at in range(0, len(waits), MOST_EVENTS):
            part = waits[at : at + MOST_EVENTS]
            if not self._post(part):
                return taken
            taken += len(part)
        self._told_until = now
        return taken

    def _post(self, events: list[Json]) -> bool:
        token = self._signed_in()
        if not token:
            return False
        batch = {"sent_at": self._clock.now().isoformat(), "events": events}
        reply = self._ask(
            Post(
                url=f"{self._line.origin}{EVENTS}",
                body=msgspec.json.encode(batch),
                headers={
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/json",
                },
            )
        )
        if reply.status == _NOT_SIGNED_IN:
            self._token = ""
        return reply.status == _OK

    def _signed_in(self) -> str:
        moment = self._clock.monotonic_seconds()
        if self._token and moment < self._until:
            return self._token
        url = f"{self._line.origin}/oauth/token"
        signed = assertion(
            self._line.jwk, client=self._line.client, url=url, clock=self._clock
        )
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        fields = f"grant_type=client_credentials&client_assertion_type={kind}"
        reply = self._ask(
            Post(
                url=url,
                body=f"{fields}&client_assertion={signed}".encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
        )
        if reply.status == _OK:
            found: Json = msgspec.json.decode(reply.body)
            self._token = str(found.get("access_token", ""))
            self._until = moment + TOKEN_SECONDS
        return self._token


def run_synthetic_telephone(
    path: Path, *, clock: Clock, pause: Callable[[float], None] = time.sleep
) -> None:
    """Tell every second until SIGTERM; without a file there is nothing to tell yet."""
    telephone: SyntheticTelephone | None = None
    while True:
        if telephone is None and path.exists():
            line = msgspec.json.decode(path.read_bytes(), type=Line)
            telephone = SyntheticTelephone(line, clock=clock)
        if telephone is not None:
            telephone.tell()
        pause(PAUSE_SECONDS)
