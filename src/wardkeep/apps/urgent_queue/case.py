# SPDX-License-Identifier: Apache-2.0
"""One call that waits, for whoever rings back: whom, on what number, and what was done.

Done means: the number to ring and the clock stand first; each thing that is done is one
press or one line, and a version of the record; what was pressed by mistake is taken
back. Whoever may not open the record is asked why, as everywhere.
"""

import asyncio
from typing import Any

from starlette.responses import Response

from wardkeep.apps.urgent_queue.opening import (
    BOARD,
    PRESCRIBERS,
    STAFF,
    Here,
    find,
    leads,
    organisation_of,
    path_of,
    workers_in,
)
from wardkeep.apps.urgent_queue.showing import skill_words
from wardkeep.care.ambulance import Ambulance, ambulance_of
from wardkeep.care.asked import options
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.crews import is_crew_of
from wardkeep.care.keeping import Keeping, go_on, resume
from wardkeep.care.kept_forms import CASE_END
from wardkeep.care.message_words import SORTS, STATES as STATES_SENT
from wardkeep.care.of_patient import who_is_it
from wardkeep.care.permission import permission_of
from wardkeep.care.queue_words import ABSENT, COLOURS, left_words, number_of
from wardkeep.care.stored import stored
from wardkeep.fhir.bars.outgoing import Outbox, Standing
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.clocks import WORDS as PACES, pace_of
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Kind
from wardkeep.fhir.urgent.moving import Cannot, advance, can_take_back
from wardkeep.fhir.urgent.queueing import Did, Entry
from wardkeep.fhir.urgent.ringing import Ringing, ringing_in
from wardkeep.fhir.urgent.steps import (
    DID,
    WORDS as STATES,
    State,
    Step,
)
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

SAID = {
    "took": ("The case is yours. Ring now.", True),
    "first": (
        "You have this case already and have not rung yet, so no other was taken.",
        True,
    ),
    Step.ASSIGN: ("The case is given to them.", True),
    Step.NO_ANSWER: ("The attempt is written down.", True),
    "escalated": (
        "Nobody answered for the last time. The shift lead has the case now.",
        True,
    ),
    Step.REACH: ("You are in consultation.", True),
    Step.SEE: ("The case is yours. Say below what comes of it.", True),
    Step.AWAIT: ("The case awaits action.", True),
    Step.COMFORT: ("The comfort call is written down.", True),
    Step.PIN: ("The case is at the top of its queue.", True),
    Step.UNPIN: ("The case is in its own place again.", True),
    Step.UNDO: ("It is as it was before.", True),
    "end-undone": (
        "The end is taken back. The case is yours again: say what comes of it.",
        True,
    ),
    "acted-on": (
        (
            "The end cannot be taken back: a colleague or another service has the case"
            " already, what it came to has gone, or it ended with what was sent or"
            " given. Nothing was changed."
        ),
        False,
    ),
    "asked": (
        "The ambulance is asked for. For five seconds it can be stopped here.",
        True,
    ),
    "stopped": (
        "It is stopped, and was not sent. The case is yours: say what comes of it.",
        True,
    ),
    "sent": (
        "It was too late to stop it: the request has gone. Ring the ambulance service.",
        False,
    ),
    "changed": (
        (
            "Somebody changed it just before you pressed, so nothing was done. This is"
            " how it stands now."
        ),
        False,
    ),
    "taken": ("A colleague took this case just before you.", False),
    "too-late": (
        (
            "It can be taken back for 15 minutes, by whoever did it, and only what was"
            " done last. Nothing was done."
        ),
        False,
    ),
    "not-yours": (
        (
            "Somebody else has this case, so nothing was done. Ask them, or the shift"
            " lead."
        ),
        False,
    ),
}
LONGEST = 600
FIELDS = ("word", "why", "code", "who", "said-word")


@page("/patients/{id}/cases/{entry}/end", gate=STAFF)
async def go_on_with_end(visit: Visit) -> Response:
    """Where lists of what is unfinished lead: the words are on the case's own page."""
    return visit.go_to(f"{path_of(visit.path('entry'))}#end")


@page(f"{BOARD}/cases/{{entry}}", gate=STAFF)
async def show_case(visit: Visit) -> Response:
    return await show(visit, Form({}))


async def show(visit: Visit, form: Form, *, act: str = "") -> Response:
    """The case; with what was typed where something was wrong with it."""
    here = await find(visit, visit.path("entry"))
    if isinstance(here, Response):
        return here
    entry = here.entry
    # Asked together they wait for one flush of the ledger, and not one after another.
    who, ringing, permission, sent, mine = await asyncio.gather(
        who_is_it(visit, entry.patient),
        _ringing(visit, entry),
        permission_of(visit, entry.case),
        _sent(visit, entry),
        mine_of(visit),
    )
    if isinstance(who, Response):
        return who
    if isinstance(ringing, Response):
        return ringing
    now = visit.clock.now()
    is_crew = await is_crew_of(visit, entry, mine.me)
    acts = acts_of(entry, mine, visit, is_crew=is_crew)
    typed = form if act == Step.END else None
    keeping = await _keeping(visit, here, mine.me, acts, typed)
    if isinstance(keeping, Response):
        return keeping
    kept = keeping.values if keeping and act != Step.END else {}
    problems = tuple(form.problems.values())
    people = (
        await workers_in(visit, entry.skill, mine.me)
        if leads(visit) and entry.is_open
        else []
    )
    pace = pace_of(given=entry.given, due=entry.due, now=now)
    ambulance = ambulance_of(here.row, now) if entry.is_open else None
    return visit.render(
        "urgent_queue/case.html",
        status=422 if problems else 200,
        **_facts(here),
        ambulance=ambulance,
        banner=who[0],
        ringing=ringing,
        permission=permission,
        may_prescribe=PRESCRIBERS.admits(visit.session.role),
        acts=acts,
        keeping=keeping,
        may_end_be_taken_back=may_end_be_taken_back(here, mine.me, visit),
        sent=sent,
        pace_words=PACES[pace],
        colour=COLOURS[pace],
        left=left_words(entry.due, now),
        is_mine=entry.owner.reference == mine.me.reference != "",
        people=options(people),
        is_only_me=[one.reference for one in people] == [mine.me.reference],
        dispositions=[(one.code, one.words) for one in DISPOSITIONS.values()],
        values={name: (kept | form.values).get(name, "") for name in FIELDS},
        problems=problems,
        act=act,
        said=_said(visit, ambulance),
        most=LONGEST,
    )


def _said(visit: Visit, ambulance: Ambulance | None) -> tuple[str, bool] | None:
    """What a press did; that it can be stopped, only as long as it can."""
    name = visit.query("said")
    is_gone = ambulance is None or not ambulance.can_stop
    return None if name == "asked" and is_gone else SAID.get(name)


async def _keeping(
    visit: Visit, here: Here, me: Person, acts: frozenset[str], sent: Form | None
) -> Keeping | Response | None:
    """The draft of what came of it; None where the visitor does not end it.

    Whoever looks at a colleague's case, as a shift lead may, begins none.
    """
    entry = here.entry
    is_mine = bool(me.reference) and entry.owner.reference == me.reference
    if Step.END not in acts or not is_mine:
        return None
    if sent is None:
        return await resume(
            visit,
            CASE_END,
            note=entry.id,
            based_on=here.version,
            patient=entry.patient,
        )
    return await go_on(visit, CASE_END, sent, note=entry.id, patient=entry.patient)


async def _sent(visit: Visit, entry: Entry) -> list[tuple[str, str, Standing, str]]:
    """What went to other services about it: how far it is, and what it was."""
    found = await visit.services[Outbox].standing(organisation_of(visit), entry.outcome)
    return [
        (*STATES_SENT.get(one.state, (one.state, "grey")), one, SORTS[one.kind])
        for one in found
        if one.kind in SORTS
    ]


def _facts(here: Here) -> dict[str, Any]:
    entry = here.entry
    return {
        "entry": entry,
        "version": here.version,
        "number": number_of(entry.id),
        "skill": skill_words(entry.skill),
        "state": STATES[entry.state],
        "next_by": here.row.next_at if entry.is_open else None,
        "did": [(DID[one.step], one) for one in reversed(entry.did)],
        "attempts": entry.attempts,
        "most_attempts": entry.times.attempts,
        "absent": ABSENT.get(here.row.attendance, "")
        if entry.state is State.BOOKED
        else "",
    }


async def _ringing(visit: Visit, entry: Entry) -> Ringing | Response:
    """What the case says of whom to ring; nothing where there is no case."""
    if not entry.case:
        return Ringing()
    case = await stored(visit, "Encounter", entry.case, patient=entry.patient)
    if isinstance(case, Response):
        # A case that is not there hides nothing of the place in the queue.
        return Ringing() if case.status_code == 404 else case  # noqa: PLR2004 - HTTP
    return ringing_in(case.content)


def acts_of(
    entry: Entry, mine: Mine, visit: Visit, *, is_crew: bool = False
) -> frozenset[str]:
    """What the visitor may do with it now; `is_crew`: they are in the car."""
    now = visit.clock.now()
    me = mine.me
    acts = set()
    for step in set(Step) - {Step.QUEUE, Step.UNDO}:
        did = Did(step=step, at=now, by=me, to=me)
        after = advance(entry, did, leads=leads(visit), is_crew=is_crew)
        if me.reference and not isinstance(after, Cannot):
            acts.add(str(step))
    acts -= {Step.PIN} if entry.is_pinned else {Step.UNPIN}
    if can_take_back(entry, me, now):
        acts.add(Step.UNDO)
    return frozenset(acts)


def may_end_be_taken_back(here: Here, me: Person, visit: Visit) -> bool:
    """Whether it is worth asking; what was done since is looked at when it is pressed.

    Where an ambulance was asked for, its own page stops it.
    """
    known = DISPOSITIONS.get(here.entry.code)
    is_ambulance = known is not None and known.kind is Kind.AMBULANCE
    is_in_time = can_take_back(
        here.entry, me, visit.clock.now(), among=frozenset({Step.END})
    )
    return is_in_time and not is_ambulance
