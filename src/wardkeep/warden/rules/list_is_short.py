# SPDX-License-Identifier: Apache-2.0
"""Many patients at once only as a short list of what identifies them.

One question for many records is how records leave in bulk: PowerSchool 2024 lost 62
million people's by an export button (shared by every such incident). What a national
data set takes was agreed on beforehand (extracts_are_agreed.py).
"""

from wardkeep.disclosure.purpose import BANNER, EXTRACT, FIND, LETTERS, SEARCH
from wardkeep.warden.rules.opening import Explained, Opening, Refused

LONGEST_LIST = 20
"""People whom a person sees in one list."""
LONGEST_PAGE = 500
"""Patients in one page of a program's search; its contract counts every one."""

_TOO_LONG = Refused(
    code="list-too-long",
    why=f"A list may name {LONGEST_LIST} patients at most.",
    mend="Add a detail so that fewer people match.",
)
_PAGE_TOO_LONG = Refused(
    code="page-too-long",
    why=f"One page may have {LONGEST_PAGE} patients at most, and only a program's.",
    mend="Ask for smaller pages.",
)
_ONE_AT_A_TIME = Refused(
    code="one-patient-at-a-time",
    why="Records are opened one patient at a time.",
    mend="Open each patient you need.",
)
EXPLAINS = (
    Explained(
        code="list-too-long",
        because="More people matched than one list may name.",
        would_allow="Another detail, so that fewer people match.",
    ),
    Explained(
        code="page-too-long",
        because="A page asked for more patients than one page may have, or a"
        " person asked for a program’s page.",
        would_allow="Smaller pages.",
    ),
    Explained(
        code="one-patient-at-a-time",
        because="Several patients’ records were asked for in one question.",
        would_allow="Opening each patient by itself.",
    ),
)


def list_is_short(opening: Opening) -> Refused | None:
    if opening.action in (FIND, LETTERS):
        is_list = opening.patients_asked <= LONGEST_LIST
        return None if is_list and opening.tier is BANNER else _TOO_LONG
    if opening.action is SEARCH:
        is_page = opening.patients_asked <= LONGEST_PAGE
        return None if is_page and opening.scopes is not None else _PAGE_TOO_LONG
    if opening.action is EXTRACT:
        return None if opening.patients_asked <= LONGEST_PAGE else _PAGE_TOO_LONG
    return None if opening.patients_asked <= 1 else _ONE_AT_A_TIME
