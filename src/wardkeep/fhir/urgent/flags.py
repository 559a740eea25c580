# SPDX-License-Identifier: Apache-2.0
"""Flags and special patient notes, as a call taker sees them before the first question.

The categories are those of BaRS (Booking and Referral Standard, NHS England, code
system flag-categories-bars). Two of them stop the call until somebody has read them:
where the crew or the call taker may come to harm.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.fhir.urgent.case import Content
from wardkeep.fhir.work.expects import listed

SYSTEM = "https://fhir.nhs.uk/CodeSystem/flag-categories-bars"
CATEGORIES = {
    "CW": "Call warning",
    "SS": "Scene safety",
    "SG": "Safeguarding",
    "IR": "Infection risk",
    "RT": "ReSPECT",
    "RA": "Reasonable adjustment",
    "RC": "Repeat caller",
    "RS": "Rejected services",
    "AC": "Agency contacted",
    "API": "Special patient note",
}
"""In the order in which they are shown; the last is additional patient information."""
STOPS = frozenset({"CW", "SS"})
OTHER = "Alert"
NOTE = "urn:wardkeep:special-note"
"""Begins the extensions of those that were written here (special_note.py)."""
AUDIENCE, REVIEW = f"{NOTE}:audience", f"{NOTE}:review"
AUDIENCES = {
    "everybody": "Everybody who takes part in a case",
    "call-takers": "Call takers",
    "clinicians": "Clinicians",
    "crews": "Crews and whoever visits",
}
"""For whom it is meant. It is shown to all the same: a warning that is hidden from
whoever answers the telephone is none."""


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """One flag."""

    id: str
    version: int
    words: str
    category: str
    """A code of `CATEGORIES`; empty: an alert of another kind."""
    kind: str
    since: str
    until: str
    by: str
    review: str = ""
    """By when it is to be reviewed, a FHIR date; empty: nobody said."""
    audience: str = ""
    """For whom it is meant, in words; empty: nobody said."""
    is_over: bool
    """Its time has run out: it is shown grey, with its date."""

    @property
    def stops(self) -> bool:
        return self.category in STOPS and not self.is_over

    @property
    def mark(self) -> str:
        """By which it is known that just this wording was read."""
        return f"{self.id}:{self.version}"


def warned(
    flags: Iterable[tuple[int, Content]], *, now: datetime
) -> tuple[Warned, ...]:
    """Of Flags with their versions those to be shown: what stops first, over last."""
    found = [_warned(version, one, now) for version, one in flags]
    shown = [one for one in found if one is not None]
    order = list(CATEGORIES)

    def place(one: Warned) -> tuple[object, ...]:
        nth = order.index(one.category) if one.category else len(order)
        return one.is_over, nth, one.words

    return tuple(sorted(shown, key=place))


def _warned(version: int, content: Content, now: datetime) -> Warned | None:
    status = content.get("status")
    if status == "entered-in-error":
        return None
    period = content.get("period")
    period = period if isinstance(period, dict) else {}
    until = str(period.get("end", ""))
    is_over = status != "active" or is_past(until, now)
    category = category_of(content)
    code = content.get("code")
    author = content.get("author")
    said = {str(one.get("url")): one for one in listed(content, "extension")}
    return Warned(
        id=str(content.get("id", "")),
        version=version,
        words=_words(code) if isinstance(code, dict) else "",
        category=category,
        kind=CATEGORIES.get(category, OTHER),
        since=str(period.get("start", "")),
        until=until,
        by=str(author.get("display", "")) if isinstance(author, dict) else "",
        review=str(said.get(REVIEW, {}).get("valueDate", "")),
        audience=AUDIENCES.get(str(said.get(AUDIENCE, {}).get("valueCode")), ""),
        is_over=is_over,
    )


def _words(code: Content) -> str:
    """As it was written, or as its code says; others' warnings have a code alone."""
    said = [code.get("text"), *(one.get("display") for one in listed(code, "coding"))]
    return next((one for one in said if isinstance(one, str) and one), "")


def category_of(content: Content) -> str:
    """A code of `CATEGORIES`; empty where it has none of them."""
    for kind in content.get("category") or []:
        for coding in kind.get("coding") or [] if isinstance(kind, dict) else []:
            if isinstance(coding, dict) and coding.get("system") == SYSTEM:
                code = str(coding.get("code", ""))
                return code if code in CATEGORIES else ""
    return ""


def is_past(until: str, now: datetime) -> bool:
    """A day ends with its last minute in London; what cannot be read is not over."""
    if not until:
        return False
    try:
        end = datetime.fromisoformat(until)
    except ValueError:
        return False
    if "T" not in until:
        return end.date() < now.astimezone(LONDON).date()
    return (end if end.tzinfo else end.replace(tzinfo=LONDON)) < now


def is_special_note(content: Mapping[str, object]) -> bool:
    """Whether it was written under Special notes, where its steps are kept."""
    said = content.get("extension")
    return any(
        isinstance(one, dict) and str(one.get("url", "")).startswith(f"{NOTE}:")
        for one in (said if isinstance(said, list) else ())
    )


def stops_a_call(content: Mapping[str, object]) -> bool:
    """Whether a call waits until somebody has read it, while it is in force."""
    return category_of(dict(content)) in STOPS
