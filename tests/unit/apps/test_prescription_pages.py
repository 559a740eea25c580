# SPDX-License-Identifier: Apache-2.0
"""Pages of prescriptions, special notes and permission, on resources in memory.

Who may is the door's and the warden's, and is not asked here.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from starlette.types import ASGIApp

from support.asgi import ORIGIN
from support.prescribing import AMOXICILLIN, ITEMS, PREGABALIN, typed
from support.scripted_warden import ROWAN, ScriptedWarden, scripted_warden
from support.shelf_in_memory import MemoryShelf, get, post, services_on
from support.urgent import whole_call
from wardkeep.apps import calls, prescriptions, special_notes
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.confirming import ActDescription, DescribeAct
from wardkeep.disclosure.medicine_signing import (
    RETURNS,
    ReadSignedMedicine,
    SignedMedicineView,
    SignMedicine,
)
from wardkeep.disclosure.purpose import Action
from wardkeep.disclosure.who_i_am import AskWhoIAm, WhoIAm
from wardkeep.fhir.prescriptions.formulary import item_content
from wardkeep.fhir.urgent.queueing import entry_content, entry_in
from wardkeep.fhir.urgent.steps import State
from wardkeep.web.application import application
from wardkeep.web.apps import FoundApp
from wardkeep.web.metrics import Metrics
from wardkeep.web.services import Services
from wardkeep.web.site import Site

SEEN = SystemClock().now()
NOT_SIGNED = Refusal(code="medicine-not-signed", why="No.", mend="Sign.")


class Stage(msgspec.Struct):
    """The pages, what is stored, and the warden behind them."""

    app: ASGIApp
    shelf: MemoryShelf
    warden: ScriptedWarden

    def be(self, name: str) -> None:
        """From here on the session is this practitioner's."""
        who = WhoIAm((f"Practitioner/{name}",), ())
        self.warden.when(AskWhoIAm, who)
        self.warden.sessions["rowan-token"] = msgspec.structs.replace(
            ROWAN, display_name=name.title()
        )

    async def press(self, path: str, **fields: str) -> tuple[int, str]:
        """Status, and where it leads or what it says."""
        answer = await post(self.app, path, fields)
        return answer.status, answer.headers.get("location", answer.text)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    shelf = MemoryShelf(
        *map(item_content, ITEMS),
        *whole_call("amber", "prescription-next-day", given=SEEN, family="Amberley"),
    )
    async with scripted_warden(tmp_path) as (warden, client):
        app = application(
            [
                FoundApp(app=one.app, folder=Path(str(one.__file__)).parent)
                for one in (calls, prescriptions, special_notes)
            ],
            Services(client, *services_on(shelf)),
            Site(origin=ORIGIN, is_demo=False),
            clock=SystemClock(),
            metrics=Metrics(),
        )
        there = Stage(app=app, shelf=shelf, warden=warden)
        there.be("ann")
        warden.when(ReadSignedMedicine, NOT_SIGNED)
        warden.when(
            DescribeAct, ActDescription("Sign", (("Patient", "Patient/amber"),))
        )
        yield there


async def written(stage: Stage, below: str = "new", **form: str) -> str:
    """The address of a prescription that was just written."""
    status, to = await stage.press(
        f"/patients/amber/prescriptions/{below}", which=new_uuid(), **form
    )
    assert status == 303, to
    assert "said=written" in to
    return to.partition("?")[0]


def take(stage: Stage, who: str) -> None:
    """Somebody has the case, and has reached the patient."""
    content = stage.shelf.content("Task", "amber-entry")
    entry = entry_in(content)
    assert entry is not None
    owner = msgspec.structs.replace(entry.by, reference=f"Practitioner/{who}")
    held = msgspec.structs.replace(entry, owner=owner, state=State.IN_CONSULT)
    stage.shelf.put(entry_content(held, content))


async def test_a_request_and_its_case_end_with_the_prescription(stage: Stage) -> None:
    take(stage, "ann")
    await written(stage, "for/amber-entry", **typed(AMOXICILLIN))
    [one] = stage.shelf.of_type("MedicationRequest")
    assert (one["status"], one["encounter"]) == (
        "active",
        {"reference": "Encounter/amber-case"},
    )
    assert stage.shelf.content("Task", "amber-entry")["status"] == "completed"
    assert stage.shelf.content("Encounter", "amber-case")["status"] == "finished"
    outcome = stage.shelf.content("ServiceRequest", "amber-outcome")
    assert outcome["status"] == "completed"


async def test_a_controlled_drug_leaves_its_request_open_until_it_is_given(
    stage: Stage,
) -> None:
    take(stage, "ann")
    at = await written(stage, "for/amber-entry", **typed(PREGABALIN))
    assert stage.shelf.content("Task", "amber-entry")["status"] == "on-hold"
    for verb in ("print", "give"):
        assert (await stage.press(f"{at}/{verb}", version="1"))[0] == 409
    await signed(stage, at, "1")
    # Its prescriber is not its second person
    assert (await stage.press(f"{at}/sign", version="2"))[0] == 409
    stage.be("ben")
    await signed(stage, at, "2")
    stage.be("ann")
    packet = {"batch": "B7", "expires-month": "8", "expires-year": "2031"}
    status, to = await stage.press(f"{at}/give", version="3", **packet)
    assert (status, to) == (303, f"{at}?said=given")
    [one] = stage.shelf.of_type("MedicationRequest")
    assert one["status"] == "completed"
    assert stage.shelf.content("Task", "amber-entry")["status"] == "completed"
    [packet_] = stage.shelf.of_type("MedicationDispense")
    assert packet_["contained"][0]["batch"]["lotNumber"] == "B7"
    await taken_back(stage, at)
    [packet_] = stage.shelf.of_type("MedicationDispense")
    assert packet_["status"] == "entered-in-error"


async def taken_back(stage: Stage, at: str) -> None:
    """Not given after all: Ann gave it and says so, Ben looks and signs."""
    assert (await stage.press(f"{at}/undo", version="4"))[0] == 409
    status, to = await stage.press(f"{at}/return", version="4")
    assert to.endswith("said=returning")
    assert (await stage.press(f"{at}/undo", version="5"))[0] == 409
    assert (await stage.press(f"{at}/return/sign", version="5"))[0] == 409
    [packet_] = stage.shelf.of_type("MedicationDispense")
    assert packet_["status"] == "completed"
    # A second person looks and signs; then it is an error, and can be given again
    stage.be("ben")
    stage.warden.when(ReadSignedMedicine, NOT_SIGNED)
    status, to = await stage.press(f"{at}/undo", version="5")
    assert to.endswith("said=not-signed")
    status, page = await stage.press(f"{at}/return/sign", version="5")
    assert (status, "Sign with my passkey" in page) == (200, True)
    [*_, asked] = stage.warden.questions(DescribeAct)
    assert isinstance(asked.act, SignMedicine)
    assert (asked.act.part, asked.act.prescriber) == (RETURNS, "Ann")
    assert "batch B7" in asked.act.words
    assert "Write down that it is back" not in (await get(stage.app, at)).text
    stage.warden.when(ReadSignedMedicine, SignedMedicineView(act=asked.act))
    assert "Write down that it is back" in (await get(stage.app, at)).text
    status, to = await stage.press(f"{at}/undo", version="5")
    assert to.endswith("said=undone")


async def signed(stage: Stage, at: str, version: str) -> None:
    """The warden says that this session signed for what the page showed."""
    status, page = await stage.press(f"{at}/sign", version=version)
    assert (status, "Sign with my passkey" in page) == (200, True)
    [*_, asked] = stage.warden.questions(DescribeAct)
    assert isinstance(asked.act, SignMedicine)
    # Unsigned, nothing is written
    stage.warden.when(ReadSignedMedicine, NOT_SIGNED)
    assert (await stage.press(f"{at}/signed", version=version))[0] >= 400
    other = msgspec.structs.replace(asked.act, words="Another dose")
    stage.warden.when(ReadSignedMedicine, SignedMedicineView(act=other))
    assert "said=changed" in (await stage.press(f"{at}/signed", version=version))[1]
    stage.warden.when(ReadSignedMedicine, SignedMedicineView(act=asked.act))
    page = (await get(stage.app, f"{at}?said=passkey")).text
    assert "Put my signature into the record" in page
    assert (await stage.press(f"{at}/signed", version=version))[0] == 303


async def test_a_sheet_has_what_a_pharmacist_needs_and_is_a_print_at_the_door(
    stage: Stage,
) -> None:
    at = await written(stage, **typed(AMOXICILLIN, pharmacy="Mill Lane Pharmacy"))
    status, page = await stage.press(f"{at}/print", version="1")
    assert status == 200
    for words in (
        "AMBERLEY, Test",
        "Amoxicillin 500 mg capsules",
        "1 capsule, by mouth. Twice a day, for 3 days.",
        "6 capsules",
        "Ann, GMC 0000000",
        "Mill Lane Pharmacy",
        "approved stationery",
        "entry 7",
    ):
        assert words in page
    assert stage.shelf.actions[-1] is Action.PRINT
    again = (await stage.press(f"{at}/print", version="2"))[1]
    assert "earlier sheets are to be destroyed" in again


async def test_what_the_base_does_not_hold_is_given_by_nobody(stage: Stage) -> None:
    at = await written(stage, **typed(AMOXICILLIN))
    held = stage.shelf.content("Medication", AMOXICILLIN.id)
    stage.shelf.put(
        {
            **held,
            "extension": [
                {
                    **held["extension"][0],
                    "extension": [
                        it
                        for it in held["extension"][0]["extension"]
                        if it["url"] != "stock"
                    ],
                }
            ],
        }
    )
    assert "Give it from stock" not in (await get(stage.app, at)).text
    assert (await get(stage.app, f"{at}/give")).status == 409


async def test_lists_say_how_far_each_is_and_an_empty_one_says_so(stage: Stage) -> None:
    place = "/patients/amber/prescriptions"
    assert "Nothing was prescribed here." in (await get(stage.app, place)).text
    at = await written(stage, **typed(PREGABALIN))
    shown = (await get(stage.app, place)).text
    assert "Waits for its prescriber’s signature" in shown
    status, page = await stage.press(f"{at}/cancel", version="1", word="")
    assert (status, "Why it is cancelled is missing" in page) == (422, True)
    await stage.press(f"{at}/cancel", version="1", word="Wrong patient")
    page = (await get(stage.app, at)).text
    assert "Cancelled: Wrong patient" in page
    assert "Undo what I did last" in page
    assert "Controlled drug, schedule 3" in (await get(stage.app, "/formulary")).text


async def test_a_note_is_reviewed_ended_and_taken_back(stage: Stage) -> None:
    day = {"review-day": "1", "review-month": "6", "review-year": str(SEEN.year + 1)}
    # The first of June is within a year from the second half of a year alone
    if SEEN.month < 6:
        day["review-year"] = str(SEEN.year)
    form = {
        "category": "SS",
        "words": "A loose dog in the yard.",
        "audience": "crews",
        "owner": "Front door",
        **day,
    }
    place = "/patients/amber/special-notes"
    status, to = await stage.press(f"{place}/new", which=new_uuid(), **form)
    assert status == 303, to
    at = to.partition("?")[0]
    [task] = [one for one in stage.shelf.of_type("Task") if one["id"] != "amber-entry"]
    assert task["status"] == "requested"
    assert "owner" not in task
    stage.be("ben")
    changed = form | {"words": "Two loose dogs."}
    status, to = await stage.press(f"{at}/review", version="1", **changed)
    assert to.endswith("said=reviewed"), to
    page = (await get(stage.app, at)).text
    assert "Words was: A loose dog in the yard." in page
    assert stage.shelf.of_type("Flag")[0]["author"]["display"] == "Ann"
    status, page = await stage.press(f"{at}/end", version="2", word="")
    assert (status, "Why is missing" in page) == (422, True)
    await stage.press(f"{at}/end", version="2", word="The dogs are gone")
    assert stage.shelf.of_type("Flag")[0]["status"] == "inactive"
    assert "No longer in force: ended" in (await get(stage.app, place)).text
    await stage.press(f"{at}/undo", version="3")
    assert stage.shelf.of_type("Flag")[0]["status"] == "active"
    assert "said=changed" in (await stage.press(f"{at}/end", version="3", word="x"))[1]


async def test_permission_is_asked_by_whoever_has_the_call(stage: Stage) -> None:
    stage.warden.sessions["rowan-token"] = msgspec.structs.replace(
        ROWAN, role="health_advisor"
    )
    at = "/patients/amber/calls/amber-case/permission"
    status, page = await stage.press(at, version="0", said="could-not-be-asked")
    assert (status, "Why it could not be asked is missing" in page) == (422, True)
    status, to = await stage.press(
        at, version="0", said="refused", why="Not the police"
    )
    assert (status, to) == (303, "/patients/amber/calls/amber-case")
    [consent] = stage.shelf.of_type("Consent")
    assert consent["provision"] == {"type": "deny"}
    # A page that was drawn before says nothing over it
    assert (await stage.press(at, version="0", said="given"))[0] == 409
    assert (await stage.press(at, version="1", said="given"))[0] == 303
    assert stage.shelf.of_type("Consent")[0]["provision"] == {"type": "permit"}
    # Nor does a colleague who has not got the call
    who = WhoIAm(("Practitioner/ben",), ())
    stage.warden.when(AskWhoIAm, who)
    assert (await stage.press(at, version="2", said="refused"))[0] == 409
    assert stage.shelf.of_type("Consent")[0]["provision"] == {"type": "permit"}
