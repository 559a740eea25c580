# SPDX-License-Identifier: Apache-2.0
"""Signing: the draft becomes a version of the note, once, however often it is sent.

Done means: one key, and the note stands in the record with my name and both times. If
somebody was faster, or another window has other words, I see both; nothing is signed.
Rejected: signing what the browser sends in place of what was kept (two texts of one
note), and ending the draft before the note is written.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.apps.notes.asking import own_draft
from wardkeep.apps.notes.texts import show_sides
from wardkeep.apps.notes.typed import (
    LONGEST_FIELD_BYTES,
    TEXT,
    problems_in,
    without_hints,
    words_in,
)
from wardkeep.apps.notes.writing import show_form
from wardkeep.base.clock import LONDON
from wardkeep.base.outcome import Problem
from wardkeep.care import drafts
from wardkeep.care.colleagues import colleagues
from wardkeep.care.of_patient import WRITERS, refused
from wardkeep.care.opening import me, opener_of
from wardkeep.care.typed import moment_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.notes.cosigning import CoSigning, task_of
from wardkeep.fhir.notes.drafts import OpenDraft
from wardkeep.fhir.notes.note import (
    AMENDED,
    SIGNED,
    TYPE,
    WAITING,
    Attester,
    Note,
    read_note,
    resource_of,
)
from wardkeep.fhir.notes.words import Words
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Invalid, NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_CONFLICT = 409


@page("/patients/{id}/drafts/{draft}/sign", gate=WRITERS, methods=("POST",))
async def sign(visit: Visit) -> Response:
    draft = await own_draft(visit)
    if isinstance(draft, Response):
        return draft
    form = await visit.form(longest=LONGEST_FIELD_BYTES)
    if isinstance(form, Trouble):
        return visit.tell(form)
    words = words_in(form)
    if not await drafts.is_signed(visit, draft, words):
        opened = await drafts.open_to_sign(visit, draft, words, form)
        if isinstance(opened, Refusal):
            return refused(visit, opened, form)
        unsigned = await _sign(visit, opened, form)
        if unsigned is not None:
            return unsigned
        await drafts.end_by_signing(visit, opened)
    return visit.go_to(f"/patients/{visit.path('id')}/notes/{draft.note}?signed=1")


async def _sign(visit: Visit, opened: OpenDraft, form: Form) -> Response | None:
    """Write the note; None once it is in the record."""
    words = drafts.to_sign(opened, form)
    if words is None:
        return await show_sides(visit, opened, status=_CONFLICT)
    is_amendment = opened.row.based_on > 0
    problems = list(
        problems_in(words, is_amendment=is_amendment, now=visit.clock.now())
    )
    asked = await _asked(visit, opened, form)
    if isinstance(asked, Problem):
        problems.append(asked)
    if problems or isinstance(asked, Problem):
        return await _mend(visit, opened, problems, form)
    before = await _before(visit, opened)
    if isinstance(before, Refusal):
        return refused(visit, before, form)
    if (before.version if before else 0) != opened.row.based_on:
        return await _met(visit, opened, words, before)
    return await _write(visit, opened, words, before, form, asked=asked)


async def _mend(
    visit: Visit, opened: OpenDraft, problems: Sequence[Problem], form: Form
) -> Response:
    """The form again, and with it whoever was to be asked to co-sign."""
    chosen = form.values.get("co-signer", "")
    return await show_form(visit, opened, opened.texts[0], problems, co_signer=chosen)


async def _write(
    visit: Visit,
    opened: OpenDraft,
    words: Words,
    before: Note | None,
    form: Form,
    *,
    asked: Person | None,
) -> Response | None:
    note = await _note(visit, opened, words, before, is_waiting=asked is not None)
    change = _change(note, asked, opened.row.based_on)
    done = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(done, Written):
        return None
    if isinstance(done, Refusal):
        return refused(visit, done, form)
    if isinstance(done, Invalid):
        shown = [msgspec.structs.replace(one, place=TEXT) for one in done.problems]
        return await _mend(visit, opened, shown, form)
    now = await _before(visit, opened)
    if isinstance(now, Refusal):
        return refused(visit, now, form)
    return await _met(visit, opened, words, now)


async def _before(visit: Visit, opened: OpenDraft) -> Note | Refusal | None:
    """The note as it stands; None where there is none yet."""
    found = await visit.services[Reader].one(
        TYPE, opened.row.note, opener=opener_of(visit)
    )
    if isinstance(found, Refusal):
        return found
    return None if isinstance(found, NotFound) else read_note(found.resources[0])


async def _met(
    visit: Visit, opened: OpenDraft, words: Words, before: Note | None
) -> Response | None:
    """Somebody was faster. If it was oneself, with the same words, it is done."""
    is_same = before is not None and before.sections == without_hints(words)
    if is_same and before is not None and before.title == words.title:
        return None
    return await show_sides(visit, opened, status=_CONFLICT)


async def _asked(
    visit: Visit, opened: OpenDraft, form: Form
) -> Person | Problem | None:
    """The colleague who is asked to co-sign; None where nobody is."""
    chosen = form.values.get("co-signer", "")
    if not chosen or opened.row.is_sealed:
        return None
    found, mine = await colleagues(visit), await me(visit)
    others = [one for one in found if one.reference != mine.reference]
    asked = next((one for one in others if one.reference == chosen), None)
    return asked or Problem(
        place="co-signer",
        wrong="whoever is to co-sign cannot be found just now",
        mend="Choose again: nothing was signed.",
    )


async def _note(
    visit: Visit,
    opened: OpenDraft,
    words: Words,
    before: Note | None,
    *,
    is_waiting: bool,
) -> Note:
    author, now, draft = await me(visit), visit.clock.now(), opened.row
    about = moment_of(words.when) if words.when else None
    status = AMENDED if before else SIGNED
    # Whoever was asked is asked still: an amendment is no co-signature.
    is_waiting = is_waiting or (before is not None and before.is_waiting)
    signature = Attester(now.isoformat(timespec="seconds"), author)
    authors = before.authors if before else ()
    return Note(
        id=draft.note,
        patient=draft.patient.id,
        title=words.title,
        sections=without_hints(words),
        status=WAITING if is_waiting else status,
        written=before.written if before else now,
        about=_kept_about(about, words, before) or draft.begun_at,
        authors=authors if author in authors else (*authors, author),
        attesters=(*(before.attesters if before else ()), signature),
        is_sealed=draft.is_sealed,
        by=author,
        why=words.why.strip() if before else "",
        begun_by=draft.begun_by,
    )


def _kept_about(
    about: datetime | None, words: Words, before: Note | None
) -> datetime | None:
    """The time that was typed; to the second as it was, where it is the same minute."""
    if before is None or about is None:
        return about
    same = f"{before.about.astimezone(LONDON):%Y-%m-%dT%H:%M}" == words.when
    return before.about if same else about


def _change(note: Note, asked: Person | None, based_on: int) -> Change:
    """The note, and with it the question to a colleague."""
    drafts = [draft_of(resource_of(note), note.id)]
    expected: list[int | None] = [based_on]
    if asked is not None:
        task = CoSigning(
            note=note.id,
            patient=note.patient,
            asked_by=note.by,
            owner=asked,
            asked=note.signed,
            changed=note.signed,
        )
        drafts.append(draft_of(task_of(task), task.note))
        expected.append(None)
    return Change(drafts=drafts, expected=expected)
