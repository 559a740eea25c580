# SPDX-License-Identifier: Apache-2.0
"""What the surgery is told of one journey: exactly that, before and after.

Done means: a clinician reads what goes, to whom and when, and whether it arrived;
where nothing goes, why. It is read out of the document itself.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.surgeries.opening import STAFF, Here, find, standing_of
from wardkeep.care.of_patient import who_is_it
from wardkeep.care.telling import document_of
from wardkeep.fhir.post.document import Read, in_communication, read_document
from wardkeep.fhir.post.journey import WORDS, Silence
from wardkeep.fhir.post.rows import Post
from wardkeep.fhir.work.expects import listed
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

LONGEST = 300
SAID = {
    "held": ("It is held back. Nothing goes until somebody sends it.", True),
    "sent": ("It goes now, as it stands here.", True),
    "again": ("It goes once more. A surgery that has it keeps one.", True),
    "too-late": (
        (
            "It is not where that can be done any more: it goes already, or somebody"
            " was faster. Nothing was done."
        ),
        False,
    ),
    "nothing": ("There is nothing to send, so nothing was done.", False),
}
_MADE = frozenset({None, Silence.GOES_ON, Silence.NO_SURGERY})
"""Of these a clinician sees how it would read."""


class Note(msgspec.Struct, frozen=True):
    """What somebody decided of it."""

    words: str
    by: str
    at: str


@page("/patients/{id}/calls/{case}/surgery", gate=STAFF)
async def show_told(visit: Visit) -> Response:
    return await show(visit, Form({}))


async def show(visit: Visit, form: Form) -> Response:
    """The page; with what was typed where something was wrong with it."""
    here = await find(visit)
    if isinstance(here, Response):
        return here
    who = await who_is_it(visit)
    if isinstance(who, Response):
        return who
    ground, problems = here.ground, tuple(form.problems.values())
    post = ground.post
    silence = silence_here(here)
    surgery = ground.surgery
    return visit.render(
        "surgeries/told.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        case=visit.path("case"),
        banner=who[0],
        surgery=surgery,
        read=_read(visit, here),
        post=post,
        standing=standing_of(post) if post is not None and post.is_standing else None,
        silence=WORDS[silence] if silence is not None else "",
        acts=acts_of(here),
        notes=_notes(here),
        typed=form.values,
        problems=problems,
        longest=LONGEST,
        said=SAID.get(visit.query("said")),
    )


def silence_here(here: Here) -> Silence | None:
    """Why nothing goes; None: it goes, went, or could go."""
    post = here.ground.post
    if post is not None and post.is_standing:
        return None
    if post is not None and post.silence is Silence.THEIR_OWN:
        return Silence.THEIR_OWN
    return here.ground.silence


def acts_of(here: Here) -> frozenset[str]:
    """What the visitor may do with it now."""
    post = here.ground.post
    if post is None or not post.is_standing:
        return frozenset({"send"} if silence_here(here) is None else ())
    if post.held_at is not None:
        is_over = here.ground.silence is None
        return frozenset({"send"} if is_over else ())
    if post.can_be_dropped:
        return frozenset({"hold"})
    is_answered = post.sent_at is not None or post.refused_at is not None
    return frozenset({"again"} if is_answered else ())


def _read(visit: Visit, here: Here) -> Read | None:
    """What went or goes; of what was not made yet, how it would read."""
    post = here.ground.post
    goes_anew = "send" in acts_of(here)
    if _stands(post) and here.kept is not None and not goes_anew:
        return in_communication(here.kept.content)
    if goes_anew or silence_here(here) in _MADE:
        return read_document(document_of(visit, here.ground))
    return None


def _stands(post: Post | None) -> bool:
    return post is not None and post.is_standing


def _notes(here: Here) -> list[Note]:
    content = here.kept.content if here.kept is not None else {}
    return [
        Note(
            str(one.get("text", "")),
            str(one.get("authorString", "")),
            str(one.get("time", "")),
        )
        for one in listed(content, "note")
    ]
