# SPDX-License-Identifier: Apache-2.0
"""Letters with names and addresses: asked for, approved by a second person, and made.

Done means: the mail house gets one file of letters and one of addresses, and a person
has the list of those for whom somebody decides first. Rejected: sending them from here
(a letter that went to the wrong house cannot be called back by a program), and names in
the drafts (one stolen session would carry them away).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from starlette.responses import Response, StreamingResponse

from wardkeep.apps.security.account import OFFICERS
from wardkeep.apps.security.incident_drafts import (
    OWN,
    Ready,
    portion_of,
    ready_in,
)
from wardkeep.base.spreadsheet import csv_text
from wardkeep.breach.addressing import Addressee, addressee_of, unknown
from wardkeep.breach.drafts import letter_of
from wardkeep.breach.packing import TYPE, Packing
from wardkeep.breach.told import SEALED, day
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenUnavailableError
from wardkeep.disclosure.incident_desk import ApproveLetters, AskLetters, Reached
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.store.listing import Lister
from wardkeep.ledger.scope import PersonReached
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

TO_POST = ("patient", "name", "line 1", "line 2", "line 3", "line 4", "line 5")
TO_DECIDE = ("patient", "why somebody decides first")
MOST_LINES = 5


@page("/security/incidents/{incident}/letters/ask", gate=OFFICERS)
async def ask_for_letters(visit: Visit) -> Response:
    return await _confirm(
        visit,
        AskLetters(visit.path("incident")),
        said="asked",
        button="Ask for them with my passkey",
    )


@page("/security/incidents/{incident}/letters/approve", gate=OFFICERS)
async def approve_letters(visit: Visit) -> Response:
    return await _confirm(
        visit,
        ApproveLetters(visit.path("incident")),
        said="approved",
        button="Approve them with my passkey",
    )


async def _confirm(
    visit: Visit, act: AskLetters | ApproveLetters, *, said: str, button: str
) -> Response:
    here = f"/security/incidents/{visit.path('incident')}"
    return await ask_to_confirm(
        visit, act, back=here, after=f"{here}?said={said}", button=button
    )


@page("/security/incidents/{incident}/letters.zip", gate=OFFICERS, methods=("POST",))
async def make_letters(visit: Visit) -> Response:
    """Names and addresses are opened at the door, twenty at a time."""
    await visit.leave_nothing_unread()
    ready = await ready_in(visit)
    if isinstance(ready, Response):
        return ready
    first = await portion_of(visit, ready.view.id, 0)
    if isinstance(first, Refusal):
        return visit.refuse(first)
    people = await _addressed(visit, first.people)
    if isinstance(people, Refusal):
        return visit.refuse(people)
    name = f"letters-{ready.view.id[:8]}-version-{len(ready.view.versions)}.zip"
    return StreamingResponse(
        _packed(visit, ready, first, people),
        media_type=TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _addressed(
    visit: Visit, people: Sequence[PersonReached]
) -> Mapping[str, Addressee] | Refusal:
    """To whom each letter goes, or why somebody decides first."""
    lister, ids = visit.services[Lister], [one.patient for one in people]
    found = await lister.people(ids, opener=opener_of(visit), action=Action.LETTERS)
    if isinstance(found, Refusal):
        return found
    apart = await lister.with_something_sealed(
        ids, organisation=visit.session.organisation
    )
    texts = {one.id: one.text for one in found.patients}
    return {
        one.patient: addressee_of(
            one.patient,
            texts[one.patient],
            today=visit.today,
            is_sealed=SEALED in one.tiers,
            has_sealed=one.patient in apart,
        )
        if one.patient in texts
        else unknown(one.patient)
        for one in people
    }


async def _packed(
    visit: Visit,
    ready: Ready,
    found: Reached,
    people: Mapping[str, Addressee],
) -> AsyncIterator[bytes]:
    """The zip while it is made; a lot that is refused breaks it off."""
    packing, everybody = Packing(), list[Addressee]()
    today = day(visit.clock.now())
    while True:
        everybody += people.values()
        yield await asyncio.to_thread(_letters, packing, ready, (found, people, today))
        if found.next < 0:
            break
        portion = await portion_of(visit, ready.view.id, found.next)
        if isinstance(portion, Refusal):
            # Half a zip must not look like a whole one: the connection ends here.
            raise WardenUnavailableError
        found = portion
        given = await _addressed(visit, found.people)
        if isinstance(given, Refusal):
            raise WardenUnavailableError
        people = given
    packing.add("to-post.csv", _to_post(everybody))
    packing.add("to-decide.csv", _to_decide(everybody))
    yield packing.end()


def _letters(
    packing: Packing,
    ready: Ready,
    lot: tuple[Reached, Mapping[str, Addressee], str],
) -> bytes:
    found, people, today = lot
    for one in found.people:
        to = people[one.patient]
        if not to.decide:
            letter = ready.sheets.letter(OWN, one, to=to, day=today)
            packing.add(letter_of(one.patient), letter)
    return packing.take()


def _to_post(people: Sequence[Addressee]) -> bytes:
    """A line a letter; what does not fit into five lines is in the last one."""
    rows = [
        (one.patient, one.name, *_five(one.lines), letter_of(one.patient))
        for one in people
        if not one.decide
    ]
    return csv_text((*TO_POST, "letter"), rows).encode()


def _five(lines: tuple[str, ...]) -> tuple[str, ...]:
    kept = [*lines[: MOST_LINES - 1], ", ".join(lines[MOST_LINES - 1 :])]
    return tuple(kept + [""] * (MOST_LINES - len(kept)))


def _to_decide(people: Sequence[Addressee]) -> bytes:
    rows = [(one.patient, "; ".join(one.decide)) for one in people if one.decide]
    return csv_text(TO_DECIDE, rows).encode()
