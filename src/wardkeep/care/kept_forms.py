# SPDX-License-Identifier: Apache-2.0
"""The forms whose words are kept while they are typed, by the kind of their drafts.

A kind says in words what is unfinished, which FHIR type it becomes, and at which
address below the patient's own somebody goes on with it.
"""

import msgspec

from wardkeep.fhir.mha.entry_kinds import ENTRY_KINDS
from wardkeep.fhir.plans.kinds import KINDS as PLANS


class KeptForm(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of form."""

    kind: str
    """As the draft's row names it."""
    type: str
    """The FHIR type that it becomes."""
    words: str
    """As in "has not finished a letter"."""
    new: str
    """Where one is begun, below the patient's address; `{}` as in `change`."""
    change: str = ""
    """Where one that is stored is changed; `{}` is its id."""
    at: str = ""
    """The whole address, where that names no patient and no id."""

    def address(self, patient: str, note: str, *, is_change: bool) -> str:
        if self.at:
            return self.at
        below = self.change if is_change and self.change else self.new
        return f"/patients/{patient}/{below.format(note)}"


def _entry(kind: str, type_: str, words: str) -> KeptForm:
    return KeptForm(kind=kind, type=type_, words=words, new=f"entries/{kind}/new")


LETTER = KeptForm(
    kind="letter",
    type="DocumentReference",
    words="a letter",
    new="letters/new",
    change="letters/{}/change",
)
OBSERVATIONS = KeptForm(
    kind="observations",
    type="Observation",
    words="a set of observations",
    new="observations/new",
)
CONTACT = KeptForm(
    kind="contact", type="Encounter", words="a contact", new="contacts/new"
)
TALK = KeptForm(
    kind="talk",
    type="Goal",
    words="what was gone through together",
    new="talks/{}",
)
_PLAN_WORDS = {"risk": "the risk assessment"}
_PLANS = tuple(
    KeptForm(
        kind=f"plan-{one.code}",
        type=one.type,
        words=_PLAN_WORDS.get(one.code, f"the {one.title.lower()}"),
        new=f"plans/{one.code}/change",
    )
    for one in PLANS.values()
)
_ENTRIES = (
    _entry("problem", "Condition", "a problem"),
    _entry("medicine", "MedicationStatement", "a medicine"),
    _entry("allergy", "AllergyIntolerance", "an allergy"),
    _entry("no-known-allergies", "AllergyIntolerance", "that no allergies are known"),
    _entry("alert", "Flag", "an alert"),
)
SECTION = KeptForm(
    kind="mha-section",
    type="Observation",
    words="a section of the Mental Health Act",
    new="mental-health-act/new",
)
_SECTION_ENTRIES = tuple(
    KeptForm(
        kind=f"mha-{one}",
        type="Observation",
        words="an entry about the Mental Health Act",
        new="mental-health-act",
        change=f"mental-health-act/{{}}/entries/{one}",
    )
    for one in ENTRY_KINDS
)
ADMISSION = KeptForm(
    kind="ward-admission",
    type="Encounter",
    words="an admission to a ward",
    new="ward/admit",
)
DISCHARGE = KeptForm(
    kind="ward-discharge",
    type="Encounter",
    words="a discharge from a ward",
    new="ward/discharge",
)
LEVEL = KeptForm(
    kind="ward-level",
    type="Procedure",
    words="an observation level",
    new="ward/level",
)
LEAVE = KeptForm(
    kind="ward-leave",
    type="ServiceRequest",
    words="leave from a ward",
    new="ward/leave",
)
DEPOT = KeptForm(
    kind="depot",
    type="MedicationRequest",
    words="a depot schedule",
    new="depots/new",
)
_DEPOT_STEPS = tuple(
    KeptForm(
        kind=f"depot-{one}",
        type=type_,
        words=words,
        new="depots",
        change=f"depots/{{}}/{one}",
    )
    for one, type_, words in (
        ("given", "MedicationAdministration", "that a depot was given"),
        ("not-given", "MedicationAdministration", "that a depot was not given"),
        ("put-off", "MedicationRequest", "that a depot is put off"),
        ("stop", "MedicationRequest", "that a depot is stopped"),
        ("change", "MedicationRequest", "a change of a depot schedule"),
    )
)
CALL_NUMBER = KeptForm(
    kind="call-number",
    type="Encounter",
    words="the number of a call that is not answered yet",
    new="calls",
    at="/calls",
)
CALL = KeptForm(
    kind="call",
    type="Encounter",
    words="a call",
    new="calls",
    change="calls/{}/details",
)
CALL_END = KeptForm(
    kind="call-end",
    type="ServiceRequest",
    words="how a call ended",
    new="calls",
    change="calls/{}/end",
)
CASE_END = KeptForm(
    kind="case-end",
    type="ServiceRequest",
    words="what came of a case in the queue",
    new="cases/{}/end",
    change="cases/{}/end",
)
REFER = KeptForm(
    kind="refer",
    type="Communication",
    words="a referral to another service",
    new="refer/{}",
    change="refer/{}",
)
TRIAGE = KeptForm(
    kind="triage",
    type="QuestionnaireResponse",
    words="a triage",
    new="triage/new",
)
PRESCRIPTION = KeptForm(
    kind="prescription",
    type="MedicationRequest",
    words="a prescription",
    new="prescriptions/new",
    change="prescriptions/for/{}",
)
NOTE_OF_URGENT_CARE = KeptForm(
    kind="special-note",
    type="Flag",
    words="a special note",
    new="special-notes/new",
    change="special-notes/{}/review",
)
_ALL = (
    *(
        LETTER,
        OBSERVATIONS,
        CONTACT,
        TALK,
        *_PLANS,
        *_ENTRIES,
        SECTION,
        *_SECTION_ENTRIES,
    ),
    *(ADMISSION, DISCHARGE, LEVEL, LEAVE, DEPOT, *_DEPOT_STEPS),
    *(CALL_NUMBER, CALL, CALL_END, CASE_END, REFER, TRIAGE),
    *(PRESCRIPTION, NOTE_OF_URGENT_CARE),
)
KEPT_FORMS = {one.kind: one for one in _ALL}
