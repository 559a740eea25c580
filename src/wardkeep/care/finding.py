# SPDX-License-Identifier: Apache-2.0
"""The facts by which somebody is found, as they are typed: two, or the NHS number."""

from wardkeep.base import nhs_number
from wardkeep.care.typed import typed_day
from wardkeep.fhir.store.finding import Facts
from wardkeep.web.forms import Form

_PREFIX = 3


def facts_in(form: Form) -> Facts:
    """The facts typed, each wrong one named on its field."""
    typed = form.optional_text("nhs_number", called="the NHS number", at_most=20)
    family = form.optional_text("family", called="the surname", at_most=60)
    given = form.optional_text("given", called="the first name", at_most=60)
    born = typed_day(form, "born", called="date of birth")
    number = nhs_number.parse(typed) if typed else None
    if typed and number is None:
        form.reject(
            "nhs_number",
            wrong="That is not an NHS number",
            mend="Check its ten digits; the last one is a check digit.",
        )
    facts = Facts(nhs_number=number, family=family, given=given, birth_date=born)
    if not form.problems and not facts.is_enough:
        form.reject(
            "family",
            wrong="Two facts are needed, or the NHS number",
            mend="Give the surname with the date of birth or a first name.",
        )
    if number is None and 0 < len(family) < _PREFIX and born is None:
        form.reject(
            "family",
            wrong="The surname is too short to search by",
            mend="Give its first three letters, or the date of birth as well.",
        )
    return facts
