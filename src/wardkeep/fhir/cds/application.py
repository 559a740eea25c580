# SPDX-License-Identifier: Apache-2.0
"""The endpoints below `/cds-services`: discovery, services, feedback.

Whoever asks is a registered program with an access token of its organisation, the same
as for the API: each use of it is bounded, in the ledger, and ends when it is frozen.
The standard's own JWT proves the same key for one call; a program gets its token for it
(docs/decisions/0069-cds-hooks-and-authoring.md says why).
"""

from http import HTTPStatus

import msgspec
from starlette.types import Receive, Scope, Send

from wardkeep.base.outcome import Problem
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.cds.asked import PATIENT_VIEW, Called, read_call
from wardkeep.fhir.cds.cards import cards_for
from wardkeep.fhir.cds.feedback import feedback_resource, read_feedback
from wardkeep.fhir.cds.measured import about_in, answered, measured
from wardkeep.fhir.cds.services import SERVICES, Service, discovered
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.model.strict_json import read_object
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.outcome import CHALLENGE, of_problems, of_refusal, told
from wardkeep.fhir.rest.rights import beyond, session_of
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.triage.content import STRICT_ORDER, Content
from wardkeep.fhir.triage.engine import About, Answer as Said, Turn, go_on
from wardkeep.fhir.triage.held import Held, held_id, marks_in
from wardkeep.fhir.triage.in_use import TYPE, in_use, library_id
from wardkeep.fhir.triage.library import engine_of
from wardkeep.web.exchange import PATTERN

PREFIX = "/cds-services"
MOST_BYTES = 1024 * 1024
FEEDBACK = "feedback"
JSON = (b"content-type", b"application/json; charset=utf-8")
NO_STORE = (b"cache-control", b"no-store")
Found = dict[str, object]
_WRONG_METHOD = "Discovery is read; services and feedback are posted."


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Content in use, and which of its rules were held."""

    content: Content
    marks: dict[str, Held]


def _not_there(method: str, parts: list[str]) -> Answer | None:
    """What is told before anybody is asked who they are."""
    is_service = parts[:1] == [] or parts[0] in SERVICES
    if not is_service or parts[1:] not in ([], [FEEDBACK]):
        return told(HTTPStatus.NOT_FOUND, "not-found", "There is no such service.")
    wanted = ("POST",) if parts else ("GET", "HEAD")
    if method in wanted:
        return None
    allow = (b"allow", ", ".join(wanted).encode())
    return told(405, "not-supported", _WRONG_METHOD, headers=(allow,))


class CdsApplication:
    """Answers below `/cds-services`."""

    def __init__(self, store: Store, *, origin: str) -> None:
        self._store = store
        self._base = f"{origin}/fhir"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asking = Asking(scope, receive, base=self._base)
        answer = await self._answer(asking, scope)
        await answer.send(send, is_head=asking.method == "HEAD")

    async def _answer(self, asking: Asking, scope: Scope) -> Answer:
        parts = [one for one in scope["path"].removeprefix(PREFIX).split("/") if one]
        scope[PATTERN] = f"{PREFIX}{'/{id}' if parts else ''}"
        refused = _not_there(asking.method, parts) or await self._admit(asking)
        if refused is not None:
            return refused
        if not parts:
            return await self._discovery(asking)
        return await self._served(asking, SERVICES[parts[0]], parts[1:])

    async def _served(
        self, asking: Asking, service: Service, rest: list[str]
    ) -> Answer:
        asking.told = " ".join(["CDS", service.id, *rest])
        content = await self._body(asking)
        if isinstance(content, Answer):
            return content
        kept = await self._kept(asking, service.content)
        if isinstance(kept, Answer):
            return kept
        if kept is None:
            words = "No clinical lead of your organisation took its content into use."
            return told(HTTPStatus.NOT_FOUND, "not-found", words)
        if rest:
            return await self._feedback(asking, service, content, kept)
        return self._cards(service, content, kept)

    async def _admit(self, asking: Asking) -> Answer | None:
        """A program's token that may read what is in use; None: it may."""
        asking.token = asking.bearer
        if not asking.token:
            words = "Send an access token: Authorization: Bearer …"
            return told(401, "login", words, headers=(CHALLENGE,))
        proof, sessions = asking.proof, self._store.sessions
        found = await (
            sessions.of(asking.token)
            if proof is None
            else sessions.proven(asking.token, proof)
        )
        if isinstance(found, Refusal):
            return of_refusal(found)
        asking.session = found
        asking.token = found.handle or asking.token
        if found.app:
            return told(403, "forbidden", "Apps that act for a person do not do this.")
        session = await session_of(asking, self._store)
        return session if isinstance(session, Answer) else beyond(session, "r", [TYPE])

    async def _body(self, asking: Asking) -> Found | Answer:
        if asking.header(b"content-encoding") not in ("", "identity"):
            return told(415, "not-supported", "Send JSON that is not compressed.")
        raw = await asking.body()
        if isinstance(raw, Problem):
            return of_problems([raw], status=400, code="structure")
        read = read_object(raw, most_bytes=MOST_BYTES)
        if isinstance(read, Problem):
            return of_problems([read], status=400, code="structure")
        return read[0]

    async def _kept(self, asking: Asking, name: str) -> Kept | Answer | None:
        """What the token's organisation uses, through the door; None: nothing."""
        use = await self._library(asking, library_id(name))
        if isinstance(use, Answer) or use is None:
            return use
        found = in_use(use.text, use.version)
        if found is None or not found.is_on:
            return None
        held = await self._library(asking, held_id(name))
        if isinstance(held, Answer):
            return held
        marks = marks_in(held.text) if held is not None else {}
        return Kept(content=found.content, marks=marks)

    async def _library(
        self, asking: Asking, id_: str
    ) -> OpenedResource | Answer | None:
        found = await self._store.reader.one(TYPE, id_, opener=asking.opener)
        if isinstance(found, Refusal):
            return of_refusal(found)
        return found if isinstance(found, OpenedResource) else None

    async def _discovery(self, asking: Asking) -> Answer:
        asking.told = "CDS discovery"
        found = {}
        for name in dict.fromkeys(one.content for one in SERVICES.values()):
            kept = await self._kept(asking, name)
            if isinstance(kept, Answer):
                return kept
            if kept is not None:
                found[name] = kept.content
        return answer_json(discovered(found))

    def _cards(self, service: Service, content: Found, kept: Kept) -> Answer:
        called = read_call(content, hook=service.hook)
        if isinstance(called, Problem):
            return of_problems([called], status=400, code="invalid")
        now = self._store.clock.now()
        about = about_in(called, now)
        if isinstance(about, Problem):
            is_lacking = about.place.startswith("prefetch")
            status = HTTPStatus.PRECONDITION_FAILED if is_lacking else 400
            code = "incomplete" if is_lacking else "invalid"
            return of_problems([about], status=status, code=code)
        found = self._turn(called, kept.content, about)
        if isinstance(found, Problem):
            return of_problems([found], status=400, code="invalid")
        turn, note = found
        return answer_json(
            {"cards": cards_for(kept.content, turn, kept.marks, called, note)}
        )

    def _turn(
        self, called: Called, content: Content, about: About
    ) -> tuple[Turn, str] | Problem:
        """Where the engine stands, and what is to be known of what it was told."""
        engine, note = engine_of(content), ""
        start = engine.start(about)
        if called.hook == PATIENT_VIEW:
            signs = measured(called, content, about, self._store.clock.now())
            if isinstance(signs, Problem):
                return signs
            said = signs.answers
            if signs.oldest:
                note = f"Of measurements since {signs.oldest}."
        else:
            given = answered(called, content)
            if isinstance(given, Problem):
                return given
            said = given
        if start.is_ended:
            return start, note
        turn = (
            go_on(engine, start, said)
            if content.engine != STRICT_ORDER
            else in_order(content, start, said)
        )
        return turn if isinstance(turn, Problem) else (turn, note)

    async def _feedback(
        self, asking: Asking, service: Service, content: Found, kept: Kept
    ) -> Answer:
        read = read_feedback(content)
        if isinstance(read, Problem):
            return of_problems([read], status=400, code="invalid")
        session = asking.session
        day = self._store.clock.now().date().isoformat()
        drafts = []
        for one in read:
            made = from_content(
                feedback_resource(
                    one,
                    service=service.id,
                    sender=session.account if session is not None else "",
                    content=kept.content,
                    day=day,
                )
            )
            if isinstance(made, Resource) and made.id is not None:
                drafts.append(draft_of(made, made.id))
        for draft in {one.id: one for one in drafts}.values():
            change = Change(drafts=[draft], expected=[MUST_NOT_EXIST])
            written = await self._store.writer.write(change, opener=asking.opener)
            if isinstance(written, Refusal):
                return of_refusal(written)
        return answer_json({})


def in_order(content: Content, turn: Turn, said: tuple[Said, ...]) -> Turn | Problem:
    """Answers put to a strict order as it asks for them, however they came."""
    engine = engine_of(content)
    given = {one.link: one for one in said}
    while turn.asks and turn.asks[0].link in given:
        found = engine.answer(turn, given.pop(turn.asks[0].link))
        if isinstance(found, Problem):
            return found
        turn = found
    return turn


def answer_json(value: object) -> Answer:
    return Answer(body=msgspec.json.encode(value), headers=(JSON, NO_STORE))
