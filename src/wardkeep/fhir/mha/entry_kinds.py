# SPDX-License-Identifier: Apache-2.0
"""What is written down in a section: each kind of entry, and which fields it asks.

Statutory forms are Crown copyright: their numbers are kept, never their text.
"""

import msgspec

RECEIVED, FINE, TO_MEND, NOT_VALID = "received", "fine", "to-mend", "not-valid"
Choices = tuple[tuple[str, str], ...]


class EntryKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind."""

    code: str
    title: str
    """As a link says it."""
    group: str
    when: str = "When"
    until: str = ""
    """What its second moment is called; empty: it has none."""
    needs_until: bool = False
    asked: str = ""
    """What its choice is called."""
    choices: Choices = ()
    has_form: bool = False
    """Whether it has the number of a statutory form."""
    whom: str = ""
    """What its name of somebody is called."""
    words: str = "Notes"
    needs_words: bool = False
    hint: str = ""
    has_place: bool = False
    ends: bool = False
    """Whether the section ends with it."""
    closed_by: tuple[str, ...] = ()
    """Kinds after which its second moment is no longer awaited."""
    open_words: str = ""
    """What is awaited then."""


PAPERS, COURSE, RIGHTS = "Papers", "Course of the section", "Rights and family"
TREATMENT, HEARINGS, LEAVE = "Consent to treatment", "Tribunal and managers", "Leave"
GROUPS = (PAPERS, RIGHTS, TREATMENT, HEARINGS, LEAVE, COURSE)

_RIGHTS_OUTCOMES = (
    ("understood", "Understood"),
    ("not-understood", "Not understood: to be told again"),
    ("refused", "Would not hear it"),
    ("not-well", "Too unwell to be told"),
)
_LEAVE_KINDS = (
    ("escorted", "Escorted"),
    ("accompanied", "Accompanied by family or friends"),
    ("unescorted", "Unescorted"),
)
_HEARING_OUTCOMES = (
    ("not-discharged", "Not discharged"),
    ("discharged", "Discharged"),
    ("deferred", "Discharge at a later date"),
    ("adjourned", "Adjourned"),
    ("withdrawn", "Withdrawn or cancelled"),
)
_ALL = (
    EntryKind(
        code="paper",
        title="A paper was received or scrutinised",
        group=PAPERS,
        has_form=True,
        asked="How it stands",
        choices=(
            (RECEIVED, "Received, not scrutinised yet"),
            (FINE, "Scrutinised, in order"),
            (TO_MEND, "Scrutinised, to be put right"),
            (NOT_VALID, "Not valid: cannot be put right"),
        ),
        whom="Who scrutinised it",
        words="What is wrong with it, or was put right",
    ),
    EntryKind(
        code="rights",
        title="Rights were explained",
        group=RIGHTS,
        asked="How it went",
        choices=_RIGHTS_OUTCOMES,
        whom="Who explained them",
        words="How, and in which language",
    ),
    EntryKind(
        code="advocate",
        title="Independent advocate",
        group=RIGHTS,
        asked="What was done",
        choices=(
            ("told", "Told of the right to one"),
            ("referred", "Referred"),
            ("declined", "Does not want one"),
        ),
    ),
    EntryKind(
        code="nearest-relative",
        title="Nearest relative",
        group=RIGHTS,
        asked="What was done",
        choices=(
            ("identified", "Identified"),
            ("told", "Told of the detention and their rights"),
            ("consulted", "Consulted"),
            ("objects-to-telling", "Patient objects to their being told"),
            ("not-practicable", "Not reasonably practicable"),
            ("none", "There is none"),
        ),
        whom="Name, and how they are related",
    ),
    EntryKind(
        code="aftercare",
        title="After-care (section 117)",
        group=RIGHTS,
        asked="What was done",
        choices=(
            ("planned", "Planned"),
            ("in-place", "In place"),
            ("ended", "Ended by both authorities"),
        ),
        words="Who is responsible, and what it is",
    ),
    EntryKind(
        code="medicine-first",
        title="Medicine for mental disorder was first given",
        group=TREATMENT,
        hint="The three months run from the first dose under any section since they"
        " were last detained.",
    ),
    EntryKind(
        code="certificate",
        title="Certificate or consent",
        group=TREATMENT,
        has_form=True,
        asked="What it is",
        choices=(
            ("consent", "Consents, certified"),
            ("second-opinion", "Second opinion"),
            ("requested", "Second opinion asked for"),
        ),
        whom="Who certified it",
        words="What it covers",
    ),
    EntryKind(
        code="treatment-report",
        title="Report on treatment to the Commission",
        group=TREATMENT,
        has_form=True,
    ),
    EntryKind(
        code="tribunal-applied",
        title="Application to the tribunal",
        group=HEARINGS,
        asked="Whose",
        choices=(("patient", "The patient’s"), ("relative", "The relative’s")),
    ),
    EntryKind(
        code="tribunal-referred",
        title="Reference to the tribunal",
        group=HEARINGS,
        asked="By whom",
        choices=(
            ("managers", "By the hospital managers"),
            ("secretary-of-state", "By the Secretary of State"),
        ),
    ),
    EntryKind(
        code="report",
        title="A report was written",
        group=HEARINGS,
        asked="Which",
        choices=(
            ("clinical", "Responsible clinician’s"),
            ("social", "Social circumstances"),
            ("nursing", "Nursing"),
        ),
        whom="Who wrote it",
    ),
    EntryKind(
        code="tribunal-hearing",
        title="Tribunal hearing: a date",
        group=HEARINGS,
        when="Fixed on",
        until="Hearing on",
        needs_until=True,
        words="Where, or by which link; who represents",
        closed_by=("tribunal-outcome",),
        open_words="Tribunal hearing",
    ),
    EntryKind(
        code="tribunal-outcome",
        title="Tribunal: what it decided",
        group=HEARINGS,
        asked="Decision",
        choices=_HEARING_OUTCOMES,
    ),
    EntryKind(
        code="managers-hearing",
        title="Hospital managers’ hearing: a date",
        group=HEARINGS,
        when="Fixed on",
        until="Hearing on",
        needs_until=True,
        words="Where, and who sits",
        closed_by=("managers-outcome",),
        open_words="Hospital managers’ hearing",
    ),
    EntryKind(
        code="managers-outcome",
        title="Hospital managers: what they decided",
        group=HEARINGS,
        asked="Decision",
        choices=_HEARING_OUTCOMES,
    ),
    EntryKind(
        code="leave",
        title="Leave of absence (section 17)",
        group=LEAVE,
        when="From",
        until="Back by",
        needs_until=True,
        asked="How",
        choices=_LEAVE_KINDS,
        whom="Who authorised it",
        words="Where to, and conditions",
        needs_words=True,
        closed_by=("leave-back", "leave-revoked"),
        open_words="Back from leave",
    ),
    EntryKind(code="leave-back", title="Came back from leave", group=LEAVE),
    EntryKind(
        code="leave-revoked",
        title="Leave was revoked",
        group=LEAVE,
        words="Why",
        needs_words=True,
    ),
    EntryKind(
        code="absent",
        title="Absent without leave",
        group=LEAVE,
        words="What was done",
        needs_words=True,
    ),
    EntryKind(code="absent-back", title="Back after absence", group=LEAVE),
    EntryKind(
        code="renewed",
        title="Renewed or extended",
        group=COURSE,
        has_form=True,
        whom="Who examined and renewed",
        hint="The further period begins when the one before ends, not on this day.",
    ),
    EntryKind(
        code="held-longer",
        title="Holding power extended (section 136B)",
        group=COURSE,
        whom="Who authorised it",
        words="Why",
        needs_words=True,
    ),
    EntryKind(
        code="recalled",
        title="Recalled to hospital",
        group=COURSE,
        has_form=True,
        when="Detained in the hospital since",
    ),
    EntryKind(
        code="recall-ended",
        title="Recall ended",
        group=COURSE,
        asked="How",
        choices=(("released", "Released"), ("revoked", "Order revoked")),
        has_form=True,
    ),
    EntryKind(
        code="moved", title="Moved to another ward", group=COURSE, has_place=True
    ),
    EntryKind(
        code="discharged",
        title="Discharged from the section",
        group=COURSE,
        asked="By whom",
        choices=(
            ("clinician", "Responsible clinician"),
            ("managers", "Hospital managers"),
            ("tribunal", "Tribunal"),
            ("relative", "Nearest relative"),
            ("other", "A court, or the Secretary of State"),
        ),
        ends=True,
    ),
    EntryKind(
        code="replaced", title="Another section took its place", group=COURSE, ends=True
    ),
    EntryKind(
        code="lapsed",
        title="Ended by time",
        group=COURSE,
        words="Why it was not renewed",
        needs_words=True,
        ends=True,
    ),
    EntryKind(
        code="transferred",
        title="Transferred to another hospital",
        group=COURSE,
        has_form=True,
        words="To which hospital",
        needs_words=True,
        ends=True,
    ),
    EntryKind(
        code="in-error",
        title="The whole section was entered in error",
        group=COURSE,
        words="Why",
        needs_words=True,
        ends=True,
    ),
)
ENTRY_KINDS = {one.code: one for one in _ALL}
ENDING = frozenset(one.code for one in _ALL if one.ends)
IN_ERROR, STRUCK = "in-error", "struck"
"""`struck` takes one entry back: it is written by a button, not by a form."""
