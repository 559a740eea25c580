# SPDX-License-Identifier: Apache-2.0
"""What somebody began to write and has not finished: one's own, or about one patient.

Colleagues read that there is something and whose it is; the words are their author's.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from wardkeep.care.kept_forms import KEPT_FORMS, KeptForm
from wardkeep.care.opening import opener_of
from wardkeep.care.people import banners_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.drafts import ASSESSMENT, place_of
from wardkeep.fhir.notes.draft_rows import ANY, NOTE, DraftRow
from wardkeep.fhir.notes.drafts import NoteDrafts
from wardkeep.fhir.store.listing import Lister
from wardkeep.ui.banner import Banner
from wardkeep.web.visit import Visit

KEPT = timedelta(days=30)
"""After the last word; `record.forget_drafts` holds the same."""
_A_NOTE, _AN_AMENDMENT = "a note", "an amendment of a note"
_AN_ASSESSMENT = "an assessment"


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """A draft in a list, without its words."""

    row: DraftRow
    words: str
    """As in "has not finished a letter"."""
    address: str
    """Where its author goes on."""
    is_mine: bool
    person: Banner | None = None
    form: KeptForm | None = None
    """None of a note."""

    @property
    def until(self) -> datetime | None:
        """When it is forgotten unless somebody goes on; a note's draft never is."""
        return None if self.form is None else self.row.saved_at + KEPT


async def own_unfinished(visit: Visit) -> list[Unfinished]:
    """The visitor's own, about whomever; the newest first, 40 at most."""
    organisation, account = opener_of(visit).organisation, visit.session.account
    rows = await visit.services[NoteDrafts].of_account(organisation, account, kind=ANY)
    people = await _people(visit, [one.patient.id for one in rows])
    return [
        msgspec.structs.replace(one, person=people.get(one.row.patient.id))
        for one in _listed(rows, account)
    ]


async def _people(visit: Visit, ids: Sequence[str]) -> Mapping[str, Banner]:
    """Who they are, as far as the door says so; a list without names is one too."""
    found = await visit.services[Lister].people(ids, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return {}
    return banners_in(found.patients, visit.today)


async def unfinished_of(visit: Visit, patient: str) -> list[Unfinished]:
    """Everybody's about one patient whose record the page has opened.

    Sealed notes of others are left out: their own page says that there are some.
    """
    organisation, account = opener_of(visit).organisation, visit.session.account
    rows = await visit.services[NoteDrafts].of_patient(organisation, patient, kind=ANY)
    shown = [one for one in rows if one.account == account or not one.is_sealed]
    return _listed(shown, account)


async def left_of(visit: Visit, form: KeptForm) -> list[Unfinished]:
    """The visitor's own new ones of one kind: offered beside an empty form."""
    return [
        one
        for one in await unfinished_of(visit, visit.path("id"))
        if one.is_mine and one.form == form and one.row.based_on == 0
    ]


def _listed(rows: Sequence[DraftRow], account: str) -> list[Unfinished]:
    found = (_one(row, is_mine=row.account == account) for row in rows)
    return [one for one in found if one is not None]


def _one(row: DraftRow, *, is_mine: bool) -> Unfinished | None:
    patient, is_change = row.patient.id, row.based_on > 0
    if row.kind == NOTE:
        return Unfinished(
            row=row,
            words=_AN_AMENDMENT if is_change else _A_NOTE,
            address=f"/patients/{patient}/drafts/{row.id}",
            is_mine=is_mine,
        )
    if row.kind == ASSESSMENT:
        return Unfinished(
            row=row,
            words=_AN_ASSESSMENT,
            address=f"/patients/{patient}/{place_of(row)}",
            is_mine=is_mine,
        )
    form = KEPT_FORMS.get(row.kind)
    if form is None:
        return None
    return Unfinished(
        row=row,
        words=form.words,
        address=address_of(form, row),
        is_mine=is_mine,
        form=form,
    )


def address_of(form: KeptForm, row: DraftRow) -> str:
    """Where its author goes on with just this draft."""
    at = form.address(row.patient.id, row.note, is_change=row.based_on > 0)
    return at if form.at else f"{at}?draft={row.id}"
