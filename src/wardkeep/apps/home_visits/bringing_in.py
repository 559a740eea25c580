# SPDX-License-Identifier: Apache-2.0
"""What a crew did where there was no signal: presses, notes, what came of a visit.

Done means, to whoever drives: what I pressed and wrote in a valley is with the case
once and in its order when the signal is back, with the time at which I did it. What
does not fit any more is told, and words that do not fit stay until I say so.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.home_visits.acting import changes_of
from wardkeep.apps.home_visits.one import ACTS, LONGEST_NOTE
from wardkeep.apps.home_visits.opening import HOME, is_anothers, own_lines
from wardkeep.base.entry_codes import holds_entry_code
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.case_ending import Ending, changed_by_end, write_end
from wardkeep.care.colleagues import mine_of
from wardkeep.care.crews import is_crew_of
from wardkeep.care.queue_case import CHANGED, DONE, STAFF, Here, find, write
from wardkeep.care.writing import NOT_SAVED
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition, Kind
from wardkeep.fhir.urgent.queueing import Entry
from wardkeep.fhir.urgent.steps import Step
from wardkeep.fhir.visits.without_signal import OLDEST, Act, InBefore, brought_in
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

MOST_ACTS = 40
LONGEST_WHY = 600
_TRIES = 5
_MISSING = 404
_ANOTHERS = Trouble(
    status=409,
    title="This is another person's",
    why="What lies on this phone was pressed or written by somebody else.",
    mend="It goes once they are signed in here again.",
)
REFUSED, NOT_SO, IN_BEFORE, IN = "refused", "not-so", "in-before", "in"
WAY_IN = "way-in"
"""Its words seem to hold a code that opens a home: whoever wrote them is asked to move
it, for on no other page would they be told that the visit had changed."""
WITHOUT_SIGNAL: dict[str, Disposition] = {
    code: one for code, one in DISPOSITIONS.items() if one.kind is not Kind.AMBULANCE
}
"""What can be said to have come of a visit where there is no signal: whoever needs an
ambulance rings for one, for nobody hears of it from a phone in a valley."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What a device brings."""

    acts: tuple[Act, ...]
    me: str = ""
    """Whose they are, as `Practitioner/x`: a phone is shared, and a page without a
    signal knows no session."""


@page(f"{HOME}/mine/acts", gate=STAFF, methods=("POST",))
async def bring_in(visit: Visit) -> Response:
    """What a device kept, in its order; the answer says what became of each.

    What is not in the answer comes again, and with it what builds on it: later acts of
    the same visit. `on_list` are the visits that are still on the visitor's list, so
    that those which are not leave the phone.
    """
    sent = await visit.json(Sent)
    if isinstance(sent, Trouble):
        return visit.tell(sent)
    me = (await mine_of(visit)).me
    if sent.me not in ("", me.reference):
        return visit.tell(_ANOTHERS)
    became: dict[str, str] = {}
    waits: set[str] = set()
    for act in sent.acts[:MOST_ACTS]:
        # A visit that went to another car keeps nothing of the others back.
        said = "" if act.entry in waits else await _bring(visit, act, me)
        if said:
            became[act.id] = said
        else:
            waits.add(act.entry)
    told: dict[str, object] = {"became": became}
    own = await own_lines(visit, me)
    if not isinstance(own, Refusal):
        told["on_list"] = [one.entry for one in own.lines]
    return visit.answer_json(told)


async def _bring(visit: Visit, act: Act, me: Person) -> str:
    """What became of it; empty: it could not be written just now, and comes again."""
    if not is_fhir_id(act.entry) or not me.reference or not _is_whole(act):
        return REFUSED
    if holds_entry_code(act.words):
        return WAY_IN
    for _ in range(_TRIES):
        here = await find(visit, act.entry)
        if isinstance(here, Response):
            is_old = visit.clock.now() - act.at > OLDEST
            # Where another crew has it, the door opens it no more: asking again for a
            # day would keep from its author that it did not come in.
            is_over = is_old or await is_anothers(visit, act.entry, me)
            return NOT_SO if is_over else _answer(here)
        after = brought_in(
            here.entry,
            act,
            by=me,
            now=visit.clock.now(),
            is_crew=await is_crew_of(visit, here.entry, me),
            words=_words(act),
        )
        if not isinstance(after, Entry):
            return IN_BEFORE if isinstance(after, InBefore) else NOT_SO
        done = await _written(visit, here, after, act, me)
        if isinstance(done, Response):
            return REFUSED if done.status_code == NOT_SAVED.status else ""
        if done != CHANGED:
            return IN if done == DONE else NOT_SO
    return ""


def _is_whole(act: Act) -> bool:
    """Whether it says all that such an act says, and no more."""
    words = act.words.strip()
    if act.step is Step.END:
        return act.code in WITHOUT_SIGNAL and 0 < len(words) <= LONGEST_WHY
    if act.step is Step.NOTE:
        return not act.code and 0 < len(words) <= LONGEST_NOTE
    return act.step in ACTS and not words and not act.code


def _ending(act: Act) -> Ending:
    return Ending(disposition=WITHOUT_SIGNAL[act.code], why=act.words.strip())


def _words(act: Act) -> str:
    return _ending(act).words if act.step is Step.END else act.words.strip()


async def _written(
    visit: Visit, here: Here, after: Entry, act: Act, me: Person
) -> str | Response:
    if act.step is Step.END:
        ended = await changed_by_end(visit, here, after, _ending(act), author=me)
        if isinstance(ended, Response):
            return ended
        return await write_end(visit, here.entry, ended)
    changed = await changes_of(visit, here, after, act.step)
    if isinstance(changed, Response):
        return changed
    return await write(visit, changed, patient=after.patient)


def _answer(told: Response) -> str:
    """What is not there takes nothing; where the door says no, it comes again."""
    return REFUSED if told.status_code == _MISSING else ""
