# SPDX-License-Identifier: Apache-2.0
"""Writing a letter, and changing one that nobody approved yet.

Two people who change one letter at once lose nothing: the second is shown what the
first one wrote beside their own words, and decides.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.letters.asking import asked_anew, question
from wardkeep.apps.letters.opening import (
    Found,
    address_of,
    find_letter,
    save,
)
from wardkeep.apps.letters.receivers import receiver_of
from wardkeep.apps.letters.wording import SKELETONS
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.asked import options
from wardkeep.care.colleagues import colleagues
from wardkeep.care.keeping import Keeping, finish, go_on, overtaken, resume
from wardkeep.care.kept_forms import LETTER
from wardkeep.care.of_patient import (
    CHANGED,
    WRITERS,
    who_is_it,
    whole_number,
)
from wardkeep.care.opening import instant, me
from wardkeep.fhir.letters.letter import Letter, State
from wardkeep.fhir.store.outcomes import Conflict
from wardkeep.ui.banner import Banner
from wardkeep.ui.paper.letter import unprintable
from wardkeep.web.forms import MAX_FIELD_CHARACTERS, Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_FIELDS = {
    "subject": ("the subject", 150),
    "to": ("whom it is to", 500),
    "body": ("the letter", MAX_FIELD_CHARACTERS - 1),
    "copies": ("copies", 500),
}


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What the form is filled with."""

    which: str
    """The id that the letter has, or will have."""
    version: int
    """What it builds on; 0: it is new."""
    values: dict[str, str]


@page("/patients/{id}/letters/new", gate=WRITERS)
async def show_new(visit: Visit) -> Response:
    who = await who_is_it(visit)
    if isinstance(who, Response):
        return who
    values = {"to": await receiver_of(visit, visit.query("to"), who[1])}
    _, values["body"] = SKELETONS.get(visit.query("as"), SKELETONS["blank"])
    if is_fhir_id(visit.query("like")):
        like = await find_letter(visit, visit.query("like"))
        if isinstance(like, Response):
            return like
        values = _values(like.letter)
    keeping = await resume(visit, LETTER)
    if isinstance(keeping, Response):
        return keeping
    typed = Typed(
        which=keeping.row.note,
        version=keeping.row.based_on,
        values=keeping.values or values,
    )
    return await _show(visit, who[0], typed, keeping)


@page("/patients/{id}/letters/new", gate=WRITERS, methods=("POST",))
async def write_letter(visit: Visit) -> Response:
    """Sent twice, it is written once: the page gave the letter its id."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.values.get("which", "")
    if not is_fhir_id(which):
        return visit.tell(NOT_FOUND)
    if whole_number(form.values.get("version", "")) == 0:
        return await _take(visit, form, which, found=None)
    # Over what was written meanwhile: as it is changed, so only while it is a draft.
    found = await _draft(visit, which)
    if isinstance(found, Response):
        return found
    return await _take(visit, form, which, found=found)


@page("/patients/{id}/letters/{letter}/change", gate=WRITERS)
async def show_change(visit: Visit) -> Response:
    who = await who_is_it(visit)
    if isinstance(who, Response):
        return who
    found = await _draft(visit, visit.path("letter"))
    if isinstance(found, Response):
        return found
    keeping = await resume(visit, LETTER, note=found.id, based_on=found.version)
    if isinstance(keeping, Response):
        return keeping
    values = {"approver": await _approver(visit, found.id), **_values(found.letter)}
    values |= keeping.values
    typed = Typed(which=found.id, version=found.version, values=values)
    # Unfinished words are shown beside what was stored since.
    is_overtaken = await overtaken(visit, keeping, found.version)
    theirs = found.letter if is_overtaken else None
    return await _show(visit, who[0], typed, keeping, theirs=theirs)


async def _approver(visit: Visit, letter: str) -> str:
    """Who is asked to approve it already; empty: nobody."""
    asked = await question(visit, letter)
    return asked.owner.reference if asked is not None and asked.is_open else ""


@page("/patients/{id}/letters/{letter}/change", gate=WRITERS, methods=("POST",))
async def change_letter(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _draft(visit, visit.path("letter"))
    if isinstance(found, Response):
        return found
    return await _take(visit, form, found.id, found=found)


async def _draft(visit: Visit, which: str) -> Found | Response:
    found = await find_letter(visit, which)
    if isinstance(found, Found) and found.letter.state is not State.DRAFT:
        return visit.tell(CHANGED)
    return found


async def _take(
    visit: Visit, form: Form, which: str, *, found: Found | None
) -> Response:
    said = {
        name: form.optional_text(name, called=called, at_most=most)
        for name, (called, most) in _FIELDS.items()
    }
    _judge(form, said)
    built_on = whole_number(form.values.get("version", ""))
    typed = Typed(which=which, version=built_on, values=form.values)
    if form.problems:
        return await _again(visit, typed, form)
    letter = await _letter(visit, said, found)
    asked = await asked_anew(visit, form, which)
    if form.problems:
        return await _again(visit, typed, form)
    written = await save(visit, letter, id_=which, version=built_on, asked=asked)
    if isinstance(written, Conflict):
        return await _both(visit, typed, letter)
    if isinstance(written, Response):
        return written
    await finish(visit, form)
    return visit.go_to(f"{address_of(visit, which)}?said=saved")


def _judge(form: Form, said: dict[str, str]) -> None:
    for name in ("subject", "to", "body"):
        if not said[name] and name not in form.problems:
            called = _FIELDS[name][0]
            form.reject(name, wrong=f"{called} is missing", mend=f"Enter {called}.")
    for name, text in said.items():
        lacking = unprintable(text)
        if lacking:
            form.reject(
                name,
                wrong=f"{_FIELDS[name][0]} has a character that cannot be printed:"
                f" {lacking}",
                mend="Write it in Latin, Greek or Cyrillic letters.",
            )


async def _letter(visit: Visit, said: dict[str, str], found: Found | None) -> Letter:
    """Who wrote it first stays its author."""
    if found is not None:
        return msgspec.structs.replace(found.letter, **said)
    return Letter(
        subject=said["subject"],
        to=said["to"],
        body=said["body"],
        copies=said["copies"],
        author=await me(visit),
        written=instant(visit),
    )


async def _both(visit: Visit, typed: Typed, mine: Letter) -> Response:
    """Somebody else wrote meanwhile: both texts, unless they are the same."""
    found = await find_letter(visit, typed.which)
    if isinstance(found, Response):
        return found
    if _values(found.letter) == _values(mine):
        await finish(visit, Form(typed.values))
        return visit.go_to(f"{address_of(visit, typed.which)}?said=saved")
    if found.letter.state is not State.DRAFT:
        return visit.tell(CHANGED)
    typed = msgspec.structs.replace(typed, version=found.version)
    return await _again(visit, typed, Form({}), theirs=found.letter)


async def _again(
    visit: Visit, typed: Typed, form: Form, *, theirs: Letter | None = None
) -> Response:
    who = await who_is_it(visit)
    if isinstance(who, Response):
        return who
    sent = Form(typed.values)
    keeping = await go_on(visit, LETTER, sent, note=typed.which, built_on=typed.version)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, who[0], typed, keeping, form=form, theirs=theirs)


async def _show(
    visit: Visit,
    banner: Banner,
    typed: Typed,
    keeping: Keeping,
    *,
    form: Form | None = None,
    theirs: Letter | None = None,
) -> Response:
    problems = tuple(form.problems.values()) if form is not None else ()
    is_met = theirs is not None and not keeping.is_resumed
    status = 409 if is_met else 422 if problems else 200
    return visit.render(
        "letters/write.html",
        status=status,
        id=visit.path("id"),
        banner=banner,
        typed=typed,
        values={name: typed.values.get(name, "") for name in _FIELDS},
        is_new="letter" not in visit.request.path_params,
        problems=problems,
        theirs=theirs,
        approver=typed.values.get("approver", ""),
        approvers=options(await colleagues(visit)),
        most=_FIELDS["body"][1],
        keeping=keeping,
    )


def _values(letter: Letter) -> dict[str, str]:
    return {name: getattr(letter, name) for name in _FIELDS}
