# SPDX-License-Identifier: Apache-2.0
"""Bases and cars with stock, and people who give it, on real processes."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from support.authenticator import KEYS
from support.prescribing import AMOXICILLIN, DIAZEPAM, ITEMS, typed
from support.program import Program
from support.served import Served, served
from support.urgent import Desk, queue_places, whole_call
from support.ward_beds import now
from support.warden import RunningWarden
from support.wards import Worker, practitioner
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import CeremonyOptions, Done, SessionView
from wardkeep.disclosure.confirming import BeginConfirm, FinishConfirm
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.prescriptions.formulary import Item, item_content
from wardkeep.fhir.urgent.queueing import place_of
from wardkeep.fhir.visits.cars import Car, car_content
from wardkeep.fhir.visits.centres import CODE, SYSTEM
from wardkeep.web.confirming import read_act

HOME = "fernhill"
BASE, CAR = "/stock/bases/moor-lane", "/stock/cars/car-one"
MORPHINE = Item(
    id="formulary-morphine",
    words="Morphine 10 mg/1 ml injection",
    unit="ml",
    supplied="ampoules",
    routes=("sc",),
    schedule="2",
    is_stock=True,
)
STOCK = (AMOXICILLIN, DIAZEPAM, MORPHINE)
PEOPLE = (
    Worker("urgent_care_clinician", "Ann Advice", "ann"),
    Worker("urgent_care_clinician", "Ben Both", "ben"),
    Worker("shift_lead", "Lee Leads", "lee"),
    Worker("receptionist", "Rob Reception", "rob"),
)
Json = dict[str, Any]
_LOT = re.compile(r"/lots/([0-9a-f-]{36})")


class Depot(NamedTuple):
    """A stack, a program, and who works there."""

    stack: Served
    program: Program
    ann: Desk
    ben: Desk
    lee: Desk
    rob: Desk

    def receives(
        self, item: Item, packets: int, each: int, *, batch: str = "B7"
    ) -> str:
        """A delivery to the base; the id of its lot."""
        before = set(_LOT.findall(self.lee.get(BASE).decode()))
        form = {
            "which": new_uuid(),
            "medicine": item.id,
            "batch": batch,
            "expires-month": "8",
            "expires-year": str(now().year + 2),
            "packets": str(packets),
            "each": str(each),
            "sender": "Wholesaler, 1 Example Road",
        }
        status, to, page = self.lee.press(f"{BASE}/receive", form)
        assert (status, to) == (303, f"{BASE}?said=received"), page[-2000:]
        after: set[str] = set(_LOT.findall(self.lee.get(BASE).decode()))
        [lot] = after - before
        return lot

    def prescribes(self, id_: str, item: Item, quantity: int, who: Desk) -> str:
        """Somebody rang, and this was prescribed; the prescription's address."""
        given = now() - timedelta(minutes=5)
        for one in whole_call(id_, "prescription-next-day", given=given):
            self.program.put(one)
        form = typed(item, quantity=str(quantity), which=new_uuid())
        status, to, page = who.press(f"/patients/{id_}/prescriptions/new", form)
        assert status == 303, page[-2000:]
        return to.partition("?")[0]

    def left(self, at: str, lot: str) -> int:
        """How much the page of a delivery says is left."""
        page = self.lee.get(f"{at}/lots/{lot}").decode()
        found = re.search(r"Left</dt><dd[^>]*>([0-9]+) ", page)
        assert found, page
        return int(found[1])

    def version(self, at: str, lot: str) -> dict[str, str]:
        return self.shown(self.lee, f"{at}/lots/{lot}")

    def shown(self, who: Desk, path: str) -> dict[str, str]:
        """The version that a page shows to somebody."""
        page = who.get(path).decode()
        found = re.search(r'name="version" value="([0-9]+)"', page)
        assert found, page
        return {"version": found[1]}

    def goes_on(self, who: Desk, waits: str, **form: str) -> tuple[int, str, bytes]:
        """A second person goes on to sign what a page shows them."""
        return who.press(f"{waits}/sign", {**self.shown(who, waits), **form})

    def prescribes_by_two(self, id_: str, item: Item, quantity: int) -> str:
        """Ann's, of a controlled drug: her passkey signs, and then Ben's."""
        rx = self.prescribes(id_, item, quantity, self.ann)
        for who in (self.ann, self.ben):
            version = self.shown(who, rx)
            self.signs(who, who.press(f"{rx}/sign", version)[2])
            assert who.press(f"{rx}/signed", version)[0] == 303
        return rx

    def dispenses(self, patient: str) -> list[Json]:
        return self.program.search("MedicationDispense", ("patient", patient)).resources

    def signs(self, who: Desk, page: bytes) -> None:
        """The passkey of whoever this is signs what the page asks to confirm."""
        found = re.search(rb'name="act" value="([^"]+)"', page) or re.search(
            rb'data-act="([^"]+)"', page
        )
        assert found, page[-3000:]
        asyncio.run(_sign(self.stack, who.token, found[1].decode()))


async def _sign(stack: Served, token: str, text: str) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    act = read_act(text)
    options = await warden.door.ask(
        BeginConfirm(token, act),  # type: ignore[arg-type]
        CeremonyOptions,
    )
    assert isinstance(options, CeremonyOptions), options
    response = KEYS[token].sign_in(options.options)
    done = await warden.door.ask(
        FinishConfirm(token, act, response),  # type: ignore[arg-type]
        Done,
    )
    assert done == Done(), done
    await warden.door.close()
    await warden.operator.close()


@contextmanager
def depot(folder: Path, keys: Path) -> Iterator[Depot]:
    """A treatment centre and a car, three who may give, and a desk."""
    with served(folder) as stack:
        stack.found(HOME)
        with closing(Program(stack, keys, organisation=HOME)) as program:
            for one in (*queue_places(), *map(practitioner, PEOPLE), *places()):
                program.put(one)
            for item in (*ITEMS, MORPHINE):
                program.put(item_content(item))
            tokens = [stack.sign_in(HOME, [], role=one.role) for one in PEOPLE]
            asyncio.run(_work(stack, tokens))
            desks = [Desk(stack.port, token) for token in tokens]
            try:
                yield Depot(stack, program, *desks)
            finally:
                for desk in desks:
                    desk.close()


def places() -> Iterator[Json]:
    yield {
        "resourceType": "Location",
        "id": "moor-lane",
        "status": "active",
        "name": "Moor Lane",
        "type": [{"coding": [{"system": SYSTEM, "code": CODE}]}],
    }
    car = Car(
        id="car-one",
        name="Car One",
        crew=(Person("Practitioner/ann", "Ann Advice"),),
        since=now(),
        until=now() + timedelta(hours=8),
    )
    yield msgspec.json.decode(msgspec.json.encode(car_content(car)))


async def _work(stack: Served, tokens: list[str]) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    accounts = []
    for token in tokens:
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        accounts.append(seen.account)
    who = tuple(
        (one, (f"Practitioner/{worker.practitioner}",))
        for one, worker in zip(accounts, PEOPLE, strict=True)
    )
    teams = (("Pharmacists", (place_of("pharmacist"),), tuple(accounts[:3])),)
    assert await warden.operator.ask(SetWork(HOME, who, teams), Done) == Done()
    await warden.door.close()
    await warden.operator.close()
