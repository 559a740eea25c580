# SPDX-License-Identifier: Apache-2.0
"""Who writes, and takes off, what stops a call or tells a crew; others read it.

A dog that bites is no alert of the ward's: whoever ends it sends somebody to that door.
"""

from collections.abc import Mapping

from wardkeep.care.of_patient import WRITERS
from wardkeep.fhir.urgent.flags import is_special_note, stops_a_call
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

NOTERS = WRITERS.only("urgent_care_clinician", "shift_lead", "doctor")
"""Who writes what stops a call or tells a crew; call takers read it."""
_ELSEWHERE = Trouble(
    status=409,
    title="This alert is a special note of urgent care",
    why="It says who wrote it, who reviewed it and why it ends. So it is ended, or"
    " taken off as a mistake, where that is asked for. Nothing was changed.",
    mend="Open Special notes in this record.",
)
_NOT_YOURS = Trouble(
    status=403,
    title="Your role does not take this warning off",
    why="It stops each call about this person, or warns whoever goes to their home."
    " Nothing was changed.",
    mend="Ask a clinician of urgent care, a shift lead or a doctor.",
)


def held(visit: Visit, content: Mapping[str, object]) -> Trouble | None:
    """Why the visitor may not end this alert on the record's page; None: they may."""
    if is_special_note(content):
        return _ELSEWHERE
    is_mine = NOTERS.admits(visit.session.role)
    return _NOT_YOURS if stops_a_call(content) and not is_mine else None
