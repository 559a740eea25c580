# SPDX-License-Identifier: Apache-2.0
"""Taking content into use, and ending that: a named, dated act of a clinical lead.

Done means, to the clinical lead: I read every rule with its source and with what nobody
checked of it; I say who I am and what was reviewed; from then on, and not before,
clinicians of my organisation have it. To whoever asks later: who did it, when, and
exactly which version. An organisation's own protocol is taken into use where a second
person reviewed it, in the place of what was shipped for its engine. Rejected: a setting
of the operator's (no clinician answers for it); on by itself with an upgrade (nobody
read what changed).
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import is_uuid
from wardkeep.care.leads import LEADS
from wardkeep.care.of_patient import CHANGED, whole_number
from wardkeep.care.opening import me, opener_of
from wardkeep.care.triage_content import content_in_use, contents_in_use
from wardkeep.care.writing import drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.shared_listing import SharedLister
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.triage.content import Content, content_of
from wardkeep.fhir.triage.held import Count, counted
from wardkeep.fhir.triage.in_use import Approval, library_of
from wardkeep.fhir.triage.library import NAMES, PLACES, shipped, shipped_content
from wardkeep.fhir.triage.protocol import TYPE, Protocol, protocol_in
from wardkeep.fhir.triage.standing import Standing
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_LONGEST_NAME, _LONGEST_WORDS = 200, 2_000
_NOT_REVIEWED = Trouble(
    status=409,
    title="It cannot be taken into use",
    why="Nobody but its author reviewed this version, or it is no longer what was"
    " reviewed.",
    mend="Have it reviewed by a second person under Write and review.",
)
Pair = tuple[Resource, Resource]


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation's own protocol that may be taken into use."""

    protocol: Protocol
    content: Content
    held: Count


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What stands under one name: what was shipped, what is in use, what may be."""

    name: str
    shipped: Content
    standing: Standing
    shipped_held: Count
    own: Sequence[Own] = ()

    @property
    def shown(self) -> Content:
        """The rules that are read here: those in use, else those shipped."""
        return self.standing.content

    @property
    def held(self) -> Count:
        return counted(self.shown, self.standing.marks)

    @property
    def version(self) -> int:
        """Of the Library that says what is in use, as it is stored; 0: none is."""
        return self.standing.use_version


@page("/triage", gate=LEADS)
async def show_content(visit: Visit) -> Response:
    return await _show(visit, Form({}))


async def _show(visit: Visit, form: Form) -> Response:
    listed = await visit.services[SharedLister].all_of(TYPE, opener=opener_of(visit))
    if isinstance(listed, Refusal):
        return visit.refuse(listed)
    found = [protocol_in(one.text, one.version) for one in listed]
    own = [one for one in found if one is not None and one.may_be_used]
    standings = await contents_in_use(visit)
    if isinstance(standings, Response):
        return standings
    kept = [_offered(standings[name], own) for name in NAMES]
    problems = tuple(form.problems.values())
    return visit.render(
        "triage/content.html",
        status=422 if problems else 200,
        contents=kept,
        dispositions=DISPOSITIONS,
        typed=form.values,
        problems=problems,
        said=visit.query("said"),
    )


def _offered(stands: Standing, protocols: Sequence[Protocol]) -> Offered:
    in_use = stands.content.named.digest if stands.is_on else ""
    compiled = [(one, content_of(*one.pair)) for one in protocols]
    return Offered(
        name=stands.name,
        shipped=shipped_content(stands.name),
        standing=stands,
        shipped_held=counted(shipped_content(stands.name), stands.marks),
        own=[
            Own(protocol=one, content=content, held=counted(content, stands.marks))
            for one, content in compiled
            if isinstance(content, Content)
            and PLACES.get(content.engine) == stands.name
            and content.named.digest != in_use
        ],
    )


@page("/triage/{name}/use", gate=LEADS, methods=("POST",))
async def take_into_use(visit: Visit) -> Response:
    return await _change(visit, is_on=True)


@page("/triage/{name}/end", gate=LEADS, methods=("POST",))
async def end_use(visit: Visit) -> Response:
    return await _change(visit, is_on=False)


async def _change(visit: Visit, *, is_on: bool) -> Response:
    form, name = await visit.form(), visit.path("name")
    if isinstance(form, Trouble):
        return visit.tell(form)
    if name not in NAMES:
        return visit.tell(NOT_FOUND)
    own = form.values.get("own", "")
    place = own or name
    lead = form.text(
        f"lead-{place}", called="the clinical lead’s name", at_most=_LONGEST_NAME
    )
    words = form.text(
        f"words-{place}", called="what was reviewed", at_most=_LONGEST_WORDS
    )
    pair = await (_pair_for(visit, name, form) if is_on else _pair_of(visit, name))
    if isinstance(pair, Response):
        return pair
    if form.problems:
        return await _show(visit, form)
    approval = Approval(
        lead=lead, day=visit.today.isoformat(), words=words, by=await me(visit)
    )
    content = library_of(name, pair, approval, is_on=is_on)
    written = await visit.services[Writer].write(
        Change(
            drafts=[drafted(content)],
            expected=[whole_number(form.values.get("version", ""))],
        ),
        opener=opener_of(visit),
    )
    if isinstance(written, Refusal):
        return visit.refuse(written)
    if not isinstance(written, Written):
        return visit.tell(CHANGED)
    return visit.go_to(f"/triage?said={'on' if is_on else 'off'}")


async def _pair_of(visit: Visit, name: str) -> Pair | Response:
    """What is in use, so that what ends says what it was."""
    stands = await content_in_use(visit, name)
    if isinstance(stands, Response):
        return stands
    return shipped(name) if stands.use is None else stands.use.pair


async def _pair_for(visit: Visit, name: str, form: Form) -> Pair | Response:
    """What is to be used, exactly as it was shown: shipped, or one's own."""
    own, digest = form.values.get("own", ""), form.values.get("which", "")
    if not own:
        is_shown = digest == shipped_content(name).named.digest
        return shipped(name) if is_shown else visit.tell(CHANGED)
    found = await _reviewed(visit, own)
    if isinstance(found, Response):
        return found
    content = content_of(*found.pair)
    fits = isinstance(content, Content) and PLACES.get(content.engine) == name
    if not fits or digest != found.digest:
        return visit.tell(CHANGED)
    return found.pair


async def _reviewed(visit: Visit, id_: str) -> Protocol | Response:
    """A version that somebody reviewed who wrote nothing of it."""
    if not is_uuid(id_):
        return visit.tell(NOT_FOUND)
    opened = await visit.services[Reader].shared([(TYPE, id_)], opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return visit.refuse(opened)
    found = [protocol_in(one.text, one.version) for one in opened.resources]
    if not found or found[0] is None:
        return visit.tell(NOT_FOUND)
    return found[0] if found[0].may_be_used else visit.tell(_NOT_REVIEWED)
