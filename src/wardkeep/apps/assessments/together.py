# SPDX-License-Identifier: Apache-2.0
"""Going through ratings together: what changed, what goes well, what to talk about.

Done means: with the tablet between us, we see each subject beside last time, begin with
what goes well and with what was agreed then, and choose up to three to talk about. Each
has a page of four steps (`talking.py`). Rejected: the lowest ratings chosen by the
software (the person chooses, and may want to talk about something that goes well).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
from starlette.responses import Response

from wardkeep.apps.assessments.comparing import change_in, weights_in
from wardkeep.apps.assessments.opening import Whole
from wardkeep.apps.assessments.overview import answered_by
from wardkeep.care.of_patient import READERS, WRITERS, banner_for
from wardkeep.care.talks import talks_with
from wardkeep.fhir.assessments.talks import Talk, talk_id
from wardkeep.fhir.questionnaires.questionnaire import Item
from wardkeep.fhir.questionnaires.scale import shown, subjects_of, talks_of
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

MORE_HELP = "-help"
"""Ends the linkId of the question whether more help with a subject is wanted."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One subject as it was rated, and what was said about it."""

    id: str
    """Of the talk about it; empty: there can be none."""
    words: str
    now: str
    before: str
    change: str
    """By how much it is rated higher or lower, signed; empty: alike, or unknown."""
    wants_help: bool
    is_well: bool
    """Whether it is rated at the upper end, or higher than last time."""
    talk: Talk | None = None


@page("/patients/{id}/assessments/{assessment}/together", gate=READERS)
async def show_together(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    found = await answered_by(visit)
    if isinstance(found, Response):
        return found
    pair = _pair(found[1], visit.path("assessment"))
    if pair is None or pair[0].questionnaire is None:
        return visit.tell(NOT_FOUND)
    later, earlier = pair
    talks = await talks_with(visit)
    if isinstance(talks, Response):
        return talks
    here = {one.id: one for one in talks if one.assessment == later.one.id}
    most = talks_of(pair[0].questionnaire)
    held = sum(not one.is_wrong for one in here.values())
    may_write = WRITERS.admits(visit.session.role)
    return visit.render(
        "assessments/together.html",
        id=visit.path("id"),
        banner=banner,
        whole=later,
        earlier=earlier,
        subjects=subjects_in(later, earlier, here),
        agreed=[one for one in talks if one.is_active and one.id not in here],
        most=most,
        may_write=may_write,
        may_begin=may_write and held < most and not later.one.is_wrong,
        saved=here.get(visit.query("saved")),
    )


def _pair(wholes: Sequence[Whole], id_: str) -> tuple[Whole, Whole | None] | None:
    """The one that is asked for, and the one before it of the same Questionnaire."""
    one = next((it for it in wholes if it.one.id == id_), None)
    if one is None or one.one.asked is None or one.questionnaire is None:
        return None
    if not talks_of(one.questionnaire):
        return None
    asked = one.one.asked.id
    older = [
        it
        for it in list(wholes)[list(wholes).index(one) + 1 :]
        if it.one.asked and it.one.asked.id == asked and not it.one.is_wrong
    ]
    return one, older[0] if older else None


def subjects_in(
    later: Whole, earlier: Whole | None, talks: Mapping[str, Talk]
) -> tuple[Subject, ...]:
    """Every subject that its Questionnaire has, in its order."""
    if later.questionnaire is None:
        return ()
    weights = weights_in(earlier) if earlier else {}, weights_in(later)
    return tuple(
        _subject(item, later, earlier, weights, talks)
        for item in subjects_of(later.questionnaire)
    )


def _subject(
    item: Item,
    later: Whole,
    earlier: Whole | None,
    weights: tuple[dict[str, Decimal], dict[str, Decimal]],
    talks: Mapping[str, Talk],
) -> Subject:
    link = item.link_id
    id_ = talk_id(later.one.id, link)
    wanted = later.answers.get(f"{link}{MORE_HELP}", ())
    now, before = weights[1].get(link), weights[0].get(link)
    top = max(one.weight for one in item.answer_option if one.weight is not None)
    is_higher = now is not None and before is not None and now > before
    return Subject(
        id=id_,
        words=item.words(),
        now=_answer(later, link),
        before=_answer(earlier, link) if earlier else "",
        change=change_in(weights, link),
        wants_help=any(one.value is True for one in wanted),
        is_well=is_higher or (now is not None and now >= top - 1),
        talk=talks.get(id_),
    )


def _answer(whole: Whole, link: str) -> str:
    return ", ".join(shown(one) for one in whole.answers.get(link, ()))
