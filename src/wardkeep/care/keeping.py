# SPDX-License-Identifier: Apache-2.0
"""A form's draft, as its page needs it: begun when shown, ended when it is stored.

    keeping = await resume(visit, LETTER)                     # the form is shown
    keeping = await go_on(visit, LETTER, form, built_on=3)    # it is shown once more
    await finish(visit, form)                                 # what it says is stored

`ui/templates/keeping.html` draws what `Keeping` has; the page seals what is typed
itself (docs/decisions/0042-kept-forms.md). A draft writes nothing into the record.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import new_uuid
from wardkeep.base.time_of_day import time_of_day
from wardkeep.care import drafts
from wardkeep.care.drafts import keep_words, places_in, written
from wardkeep.care.kept_forms import KEPT_FORMS, KeptForm
from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.care.unfinished import Unfinished, left_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.notes.draft_rows import DraftRow, Place, Saved
from wardkeep.fhir.notes.drafts import (
    NewDraft,
    NoteDrafts,
    OpenDraft,
    OpenText,
    page_identity,
)
from wardkeep.fhir.notes.words import LONGEST_TEXT, Section, Words, storable
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.web.forms import Form
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

BESIDE_THE_WORDS = frozenset(
    (
        "draft",
        "place",
        "over",
        "editor",
        "version",
        "which",
        "entry",
        "set",
        "step",
        "contact",
        "of-ward",
        "level-before",
        "of-years",
        "of-sex",
        "of-whom",
    )
)
"""Hidden fields of forms, that nobody types: no question of a form has such a name."""
_VERSION_OF = "version-"
"""Begins the hidden fields that say which version of another thing was shown."""


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """The draft of the form that a page shows."""

    form: KeptForm
    row: DraftRow
    editor: str
    """This window's own id."""
    key: str
    """In base64, for this window alone."""
    identity: str
    account: str
    over: tuple[Place, ...]
    """What the fields were drawn from."""
    values: dict[str, str]
    """What was typed before, by field; empty where nothing was."""
    typed_at: datetime | None = None
    """When that was saved last."""
    others: tuple[OpenText, ...] = ()
    """What other windows typed, and nobody has set aside."""
    is_resumed: bool = False
    """Whether the fields have what was typed before, and not what was just sent."""
    is_readable: bool = True
    left: Sequence[Unfinished] = ()
    """Where it is new: what the visitor has not finished of this kind and patient."""
    beside: Sequence[str] = ()
    """Colleagues who have a draft of the same thing."""
    longest: int = LONGEST_TEXT

    @property
    def id(self) -> str:
        return self.row.id

    @property
    def place_words(self) -> str:
        return written(*self.over)

    @property
    def over_json(self) -> str:
        return msgspec.json.encode(self.over_pairs).decode()

    @property
    def over_pairs(self) -> list[tuple[str, int]]:
        return [(one.editor, one.number) for one in self.over]

    @property
    def saved(self) -> str:
        """A time of day in London, to the second; empty before the first save."""
        at = self.typed_at
        return "" if at is None else time_of_day(at, seconds=True)


async def own_draft(visit: Visit, id_: str, patient: str = "") -> DraftRow | None:
    """A form's draft that is the visitor's own and about this patient."""
    return await drafts.own(visit, id_, kinds=KEPT_FORMS, patient=patient)


async def resume(
    visit: Visit,
    form: KeptForm,
    *,
    note: str = "",
    based_on: int = 0,
    patient: str = "",
    is_looked_at_enough: bool = False,
) -> Keeping | Response:
    """The draft that the address asks for, or one's own of that note; else a new one.

    `note` is the id of what is changed; empty where something new is begun: then what
    was left unfinished is not put into the form unasked. `patient` is an id where the
    address names none. Where looking is enough, a draft without a word is gone on with:
    what a browser kept of it, and could not send, comes into the form again.
    """
    patient = patient or visit.path("id")
    organisation = opener_of(visit).organisation
    draft = None
    if visit.query("draft"):
        draft = await own_draft(visit, visit.query("draft"), patient)
        if draft is None or draft.kind != form.kind:
            return visit.tell(NOT_FOUND)
    elif note:
        draft = await visit.services[NoteDrafts].of_thing(
            organisation,
            visit.session.account,
            kind=form.kind,
            note=note,
            is_looked_at_enough=is_looked_at_enough,
        )
    if draft is None:
        begun = await _begin(
            visit, form, note=note or new_uuid(), based_on=based_on, patient=patient
        )
        if isinstance(begun, Response) or note:
            return begun
        return msgspec.structs.replace(begun, left=await left_of(visit, form))
    if draft.ended_as:
        return visit.go_to(f"/patients/{patient}/unfinished/{draft.id}")
    return await _open(visit, form, draft)


async def go_on(
    visit: Visit,
    form: KeptForm,
    sent: Form,
    *,
    note: str,
    built_on: int = 0,
    patient: str = "",
) -> Keeping | Response:
    """The same draft, for a form that was sent and is shown once more.

    `built_on` is the version that the page shows beside the words, where they met one.
    """
    patient = patient or visit.path("id")
    draft = await own_draft(visit, sent.values.get("draft", ""), patient)
    if draft is None or draft.kind != form.kind or draft.ended_as:
        return await _begin(visit, form, note=note, based_on=built_on, patient=patient)
    if built_on != draft.based_on:
        await visit.services[NoteDrafts].build_on(
            draft, built_on, organisation=opener_of(visit).organisation
        )
    over = places_in(f"{sent.values.get('over', '')} {sent.values.get('place', '')}")
    return await _open(visit, form, draft, over=over)


async def overtaken(visit: Visit, keeping: Keeping, version: int) -> bool:
    """Whether what is stored moved on since the words were typed: both are shown then.

    From then on they build on `version`: whoever goes on has seen it.
    """
    if not keeping.values or keeping.row.based_on == version:
        return False
    await visit.services[NoteDrafts].build_on(
        keeping.row, version, organisation=opener_of(visit).organisation
    )
    return True


async def _begin(
    visit: Visit, form: KeptForm, *, note: str, based_on: int, patient: str
) -> Keeping | Response:
    """A key and no words yet: it is on no list before somebody types."""
    new = NewDraft(
        id=new_uuid(),
        patient=patient,
        note=note,
        based_on=based_on,
        is_sealed=False,
        account=visit.session.account,
        author=visit.session.display_name,
        words=None,
        kind=form.kind,
        type=form.type,
        action=Action.READ,
    )
    kept, opener = visit.services[NoteDrafts], opener_of(visit)
    begun = await kept.begin_anew(new, editor=new_uuid(), opener=opener)
    if isinstance(begun, Refusal):
        return refused(visit, begun, patient=patient)
    if isinstance(begun, NotFound):
        return visit.tell(NOT_FOUND)
    return await _shown(visit, form, begun)


async def _open(
    visit: Visit,
    form: KeptForm,
    draft: DraftRow,
    *,
    over: tuple[Place, ...] | None = None,
) -> Keeping | Response:
    """Its newest text, or the one that the address names; `over`: of a form sent."""
    opened = await drafts.open_draft(visit, draft)
    if isinstance(opened, Response):
        return opened
    return await _shown(visit, form, opened, over=over)


async def _shown(
    visit: Visit,
    form: KeptForm,
    opened: OpenDraft,
    *,
    over: tuple[Place, ...] | None = None,
) -> Keeping:
    organisation, draft = opener_of(visit).organisation, opened.row
    text = _chosen(opened, places_in(visit.query("text")))
    mine = (text.place,) if text is not None else ()
    return Keeping(
        form=form,
        row=draft,
        editor=new_uuid(),
        key=drafts.key_in(opened),
        identity=page_identity(organisation, draft.id),
        account=visit.session.account,
        over=mine if over is None else over,
        values=values_of(text.words) if text is not None and text.words else {},
        typed_at=text.row.saved_at if text is not None else None,
        others=() if over is not None else _others(opened, text),
        is_resumed=over is None and text is not None,
        is_readable=text is None or text.words is not None,
        beside=await visit.services[NoteDrafts].beside(
            draft.id, organisation=organisation
        ),
    )


def _chosen(opened: OpenDraft, named: Sequence[Place]) -> OpenText | None:
    """The text that is named, else the newest that can be read, else the newest."""
    ordered = sorted(opened.texts, key=lambda one: one.words is None)
    there = [one for one in (*ordered, *opened.set_aside) if one.place in named]
    return next(iter([*there, *ordered]), None)


def _others(opened: OpenDraft, text: OpenText | None) -> tuple[OpenText, ...]:
    return tuple(
        one
        for one in opened.texts
        if text is None or (one.place != text.place and one.words != text.words)
    )


def values_of(words: Words) -> dict[str, str]:
    """What was typed, by the names of the fields."""
    return {one.hint: one.text for one in words.sections}


async def finish(visit: Visit, sent: Form, *, patient: str = "") -> None:
    """What the form said is in the record: its draft ends.

    What another window typed in the meantime goes on as a draft, by itself.
    """
    draft = await own_draft(visit, sent.values.get("draft", ""), patient)
    if draft is None or draft.ended_as:
        return
    place = next(iter(places_in(sent.values.get("place", ""))), Place("", 0))
    await visit.services[NoteDrafts].finish(
        draft,
        written=place,
        over=places_in(sent.values.get("over", "")),
        organisation=opener_of(visit).organisation,
    )


def is_beside_the_words(field: str) -> bool:
    """Whether it is a hidden field of a form, whose value is no word of anybody."""
    return field in BESIDE_THE_WORDS or field.startswith(_VERSION_OF)


async def keep_form(
    visit: Visit, opened: OpenDraft, sent: Form, *, title: str
) -> Saved | None:
    """Keep what a form sent without a script, as the script would have."""
    sections = tuple(
        Section(
            heading=name.replace("-", " ").capitalize(), text=storable(text), hint=name
        )
        for name, text in sent.values.items()
        if not is_beside_the_words(name)
    )
    words = Words(title=title, sections=sections)
    over = places_in(sent.values.get("over", ""))
    return await keep_words(visit, opened, words, over=over)
