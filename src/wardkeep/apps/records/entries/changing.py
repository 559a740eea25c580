# SPDX-License-Identifier: Apache-2.0
"""One entry with its history: ended, entered in error, or put back as it was.

Each button carries the version that it was drawn beside. Where somebody else was
quicker nothing is written, and the page shows both: what was asked, and how it stands.
"""

from collections.abc import Callable

import msgspec
from starlette.responses import Response

from wardkeep.apps.records.entries.kind import Act, Content, EntryKind, add_note
from wardkeep.apps.records.entries.kinds import KINDS
from wardkeep.apps.records.frame import open_section, render_section
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import author_of, opener_of
from wardkeep.care.writing import content_of, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import NotFound, Opened, OpenedResource, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

MOST_VERSIONS = 10
END, MISTAKE, UNDO = "end", "mistake", "undo"
DONE = {
    "added": "It is added.",
    MISTAKE: "It is marked as entered in error. It stays in the history.",
    UNDO: "It is put back as it was.",
}


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it once was."""

    number: int
    words: str
    when: str
    by: str
    state: str


@page("/patients/{id}/entries/{kind}/{entry}", gate=Gate.SIGNED_IN)
async def show_entry(visit: Visit) -> Response:
    kind = KINDS.get(visit.path("kind"))
    if kind is None:
        return visit.tell(NOT_FOUND)
    frame = await open_section(visit)
    if isinstance(frame, Response):
        return frame
    current = await _read(visit, kind)
    if isinstance(current, Response):
        return current
    versions = await _versions(visit, kind, current)
    if isinstance(versions, Response):
        return versions
    content = content_of(current.text)
    return render_section(
        visit,
        "records/entry.html",
        frame,
        section=kind.section,
        status=409 if visit.query("changed") else 200,
        kind=kind,
        entry=current,
        words=kind.words(content),
        state=_state(kind, content),
        is_over=kind.is_over(content),
        versions=versions,
        older=max(0, current.version - MOST_VERSIONS),
        said=_said(kind, visit.query("done")),
        may_undo=visit.query("done") in (END, MISTAKE),
        changed=visit.query("changed"),
        held=kind.held(visit, content),
    )


def _said(kind: EntryKind, done: str) -> str:
    return kind.ended_words if done == END else DONE.get(done, "")


async def _read(visit: Visit, kind: EntryKind) -> OpenedResource | Response:
    """The entry as it stands, if it is one of this kind and of this patient."""
    entry = visit.path("entry")
    if not is_fhir_id(entry):
        return visit.tell(NOT_FOUND)
    reader = visit.services[Reader]
    found = await reader.one(kind.type, entry, opener=opener_of(visit))
    return _one(visit, found)


def _one(visit: Visit, found: Opened | Refusal | NotFound) -> OpenedResource | Response:
    if isinstance(found, Refusal):
        return visit.refuse(found)
    if isinstance(found, NotFound) or found.resources[0].patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    return found.resources[0]


async def _versions(
    visit: Visit, kind: EntryKind, current: OpenedResource
) -> list[Version] | Response:
    """The newest first, each of them opened at the door."""
    found = [_version(kind, current)]
    reader, last = visit.services[Reader], current.version
    for number in range(last - 1, max(0, last - MOST_VERSIONS), -1):
        older = await reader.one(
            kind.type, current.id, opener=opener_of(visit), version=number
        )
        one = _one(visit, older)
        if isinstance(one, Response):
            return one
        found.append(_version(kind, one))
    return found


def _version(kind: EntryKind, of: OpenedResource) -> Version:
    content = content_of(of.text)
    return Version(
        number=of.version,
        words=kind.words(content),
        when=of.last_updated.isoformat(),
        by=_writer(content),
        state=_state(kind, content),
    )


def _state(kind: EntryKind, content: Content) -> str:
    mistaken: Content = msgspec.json.decode(msgspec.json.encode(content))
    kind.mistake(mistaken)
    if mistaken == msgspec.json.decode(msgspec.json.encode(content)):
        return "Entered in error"
    return "Over" if kind.is_over(content) else "Current"


def _writer(content: Content) -> str:
    """Whoever wrote the last note; else who recorded it."""
    notes = _listed(content.get("note"))
    for one in _listed(content.get("extension")):
        notes += _listed([one.get("valueAnnotation")])
    for note in reversed(notes):
        who = note.get("authorReference")
        said = who.get("display") if isinstance(who, dict) else note.get("authorString")
        if isinstance(said, str):
            return said
    for name in ("recorder", "informationSource", "author", "requester"):
        who = content.get(name)
        if isinstance(who, dict) and isinstance(who.get("display"), str):
            return str(who["display"])
    return ""


def _listed(value: object) -> list[Content]:
    return (
        [one for one in value if isinstance(one, dict)]
        if isinstance(value, list)
        else []
    )


@page("/patients/{id}/entries/{kind}/{entry}/end", gate=WRITERS, methods=("POST",))
async def end_entry(visit: Visit) -> Response:
    def end(kind: EntryKind, content: Content, act: Act) -> None:
        kind.end(content, act)

    return await _change(visit, END, end)


@page("/patients/{id}/entries/{kind}/{entry}/mistake", gate=WRITERS, methods=("POST",))
async def mark_mistaken(visit: Visit) -> Response:
    def mistake(kind: EntryKind, content: Content, act: Act) -> None:
        kind.mistake(content)
        if kind.type != "Flag":
            add_note(content, act.note("Entered in error"))

    return await _change(visit, MISTAKE, mistake)


async def _change(
    visit: Visit, verb: str, change: Callable[[EntryKind, Content, Act], None]
) -> Response:
    named = await _named(visit)
    if isinstance(named, Response):
        return named
    kind, version = named
    current = await _read(visit, kind)
    if isinstance(current, Response):
        return current
    if current.version != version:
        return _changed(visit, verb)
    author = await author_of(visit)
    act = Act(
        patient=visit.path("id"),
        id=current.id,
        author=author,
        now=visit.clock.now(),
    )
    content = content_of(current.text)
    held = kind.held(visit, content)
    if held is not None:
        return visit.tell(held)
    change(kind, content, act)
    return await _write(visit, content, version, verb)


@page("/patients/{id}/entries/{kind}/{entry}/undo", gate=WRITERS, methods=("POST",))
async def undo_change(visit: Visit) -> Response:
    """The version before, written anew; nothing is taken out of the history."""
    named = await _named(visit)
    if isinstance(named, Response):
        return named
    kind, version = named
    before = await visit.services[Reader].one(
        kind.type, visit.path("entry"), opener=opener_of(visit), version=version - 1
    )
    older = _one(visit, before)
    if isinstance(older, Response):
        return older
    held = kind.held(visit, content_of(older.text))
    if held is not None:
        return visit.tell(held)
    return await _write(visit, content_of(older.text), version, UNDO)


async def _named(visit: Visit) -> tuple[EntryKind, int] | Response:
    """The kind, and the version that the button was drawn beside."""
    kind = KINDS.get(visit.path("kind"))
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    version = form.whole_number("version", called="version", least=1, most=1_000_000)
    if kind is None or version is None or not is_fhir_id(visit.path("entry")):
        return visit.tell(NOT_FOUND)
    return kind, version


async def _write(visit: Visit, content: Content, version: int, verb: str) -> Response:
    change = Change(drafts=[drafted_anew(content)], expected=[version])
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return visit.refuse(written)
    if not isinstance(written, Written):
        return _changed(visit, verb)
    return visit.go_to(f"{_place(visit)}?done={verb}")


def _changed(visit: Visit, verb: str) -> Response:
    return visit.go_to(f"{_place(visit)}?changed={verb}")


def _place(visit: Visit) -> str:
    parts = [visit.path(name) for name in ("id", "kind", "entry")]
    return "/patients/{}/entries/{}/{}".format(*parts)
