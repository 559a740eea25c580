# SPDX-License-Identifier: Apache-2.0
"""The plans there are, and what each of them asks. The words are our own.

No score stands among them: scales meant to predict suicide or self-harm do not decide
on care (NICE NG225), so risk is told in words, with what follows from it.
"""

import msgspec


class Section(msgspec.Struct, frozen=True):
    """One part of a plan."""

    code: str
    title: str
    hint: str


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of plan."""

    code: str
    title: str
    type: str
    """The FHIR type that holds it."""
    months: int
    """After which it is looked at again, unless somebody says otherwise."""
    sections: tuple[Section, ...]


CARE = Kind(
    code="care",
    title="Care plan",
    type="CarePlan",
    months=12,
    sections=(
        Section(
            "matters",
            "What matters to the person",
            "In their own words: people, places, beliefs, what a good day is.",
        ),
        Section("needs", "What they need help with", "Health, home, money, work."),
        Section("goals", "What they want to reach", "One a line; small ones as well."),
        Section(
            "actions",
            "What is done, by whom, by when",
            "One a line, as in: Cora rings the housing office by Friday.",
        ),
        Section(
            "carers",
            "Family and friends who help",
            "What they do, what they need themselves, and what they may be told.",
        ),
        Section(
            "crisis",
            "If it gets worse",
            "Early signs, what has helped, whom to ring by day and by night.",
        ),
    ),
)
SAFETY = Kind(
    code="safety",
    title="Safety plan",
    type="CarePlan",
    months=3,
    sections=(
        Section(
            "signs", "My warning signs", "Thoughts, feelings, what happens before."
        ),
        Section("alone", "What I can do by myself", "What has helped me before."),
        Section(
            "places", "People and places that take my mind off it", "With addresses."
        ),
        Section("help", "Whom I can ask for help", "Names and telephone numbers."),
        Section(
            "services",
            "Services I can ring",
            "By day, by night, and where to go when it cannot wait.",
        ),
        Section(
            "home", "How my home is made safer", "What is put away, and who has it."
        ),
        Section("reasons", "What makes life worth living", "In my own words."),
    ),
)
RISK = Kind(
    code="risk",
    title="Risk",
    type="RiskAssessment",
    months=6,
    sections=(
        Section(
            "self", "Harm to themselves", "What happened, when, how near, what is now."
        ),
        Section("others", "Harm to others", "Who may be in danger, and when."),
        Section(
            "by-others",
            "Harm by others, and safeguarding",
            "Abuse, exploitation, children in the home.",
        ),
        Section(
            "health",
            "Neglect and physical health",
            "Eating, falls, skin, medicines, drink and drugs.",
        ),
        Section("protects", "What protects", "People, treatment, hope, skills."),
        Section(
            "sense",
            "How it fits together",
            "What makes it better or worse, and what would have to change.",
        ),
        Section(
            "done",
            "What is done about it",
            "By whom, and what a colleague on a visit must know beforehand.",
        ),
    ),
)
KINDS = {one.code: one for one in (RISK, SAFETY, CARE)}
"""By code, in the order shown: what a visitor must know comes first."""
