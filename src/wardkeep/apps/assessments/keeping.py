# SPDX-License-Identifier: Apache-2.0
"""The form of an assessment as it is sent: how much it may have, and its words."""

from wardkeep.fhir.assessments.drafts import (
    ENCOUNTER,
    QUESTIONNAIRE,
    read_asked,
    words_of,
)
from wardkeep.fhir.notes.words import LONGEST_LINE, LONGEST_TEXT, Words
from wardkeep.web.forms import Form
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

MOST_FIELDS = 1_500
"""Of a form: 300 questions, each with a few ticks."""
LONGEST_FIELD_BYTES = 40_000
_BEGINS = "q"


async def form_sent(visit: Visit) -> Form | Trouble:
    return await visit.form(longest=LONGEST_FIELD_BYTES, most_fields=MOST_FIELDS)


def words_in(form: Form) -> Words | None:
    """All that the form has; None where the page sent its text before."""
    said = form.values
    asked = read_asked(said.get(QUESTIONNAIRE, ""))
    if asked is None:
        return None
    typed = {
        name: value[:LONGEST_TEXT]
        for name, value in said.items()
        if name.startswith(_BEGINS) and name != QUESTIONNAIRE
    }
    return words_of(
        typed,
        asked=asked,
        title=said.get("title", "")[:LONGEST_LINE],
        when=said.get("when", "")[:LONGEST_LINE],
        encounter=said.get(ENCOUNTER, "")[:LONGEST_LINE],
        why=said.get("why", "")[:LONGEST_TEXT],
    )
