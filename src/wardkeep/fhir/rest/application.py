# SPDX-License-Identifier: Apache-2.0
"""The API as a bare ASGI application: routes, the gate, the answer.

Every interaction but the public ones needs an access token. What a token may do is
judged by the warden with every key that it releases; what asks for no key checks the
session here (`session_of`).
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.app_rights import refused_app
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.interaction import NOBODY, TYPE, Interaction
from wardkeep.fhir.rest.negotiation import refused_format
from wardkeep.fhir.rest.outcome import (
    CHALLENGE,
    Issue,
    of_problems,
    of_refusal,
    outcome_json,
    told,
)
from wardkeep.fhir.rest.store import Store
from wardkeep.web.exchange import PATTERN
from wardkeep.web.pieces import PIECE_BYTES, WHOSE, in_pieces
from wardkeep.web.trouble import Trouble

PREFIX = "/fhir"
PUBLIC_PATHS = frozenset(
    {f"{PREFIX}/metadata", f"{PREFIX}/.well-known/smart-configuration"}
)
"""What tells of nobody: any origin's page may read it."""
_CODES = {
    400: "structure",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    413: "too-long",
    421: "security",
    429: "throttled",
    503: "transient",
}


Beforehand = Callable[[Asking, Interaction, Store], Awaitable[Answer | None]]
"""Answers in an interaction's place, for whom it is less than it is for others."""

Afterwards = Callable[[Asking, Answer], Answer]
"""Says an answer as whoever asked expects it said."""


class FhirApplication:
    """Answers below `/fhir`."""

    def __init__(
        self,
        interactions: Iterable[Interaction],
        store: Store,
        *,
        base: str,
        beforehand: Beforehand | None = None,
        afterwards: Afterwards | None = None,
    ) -> None:
        self._store = store
        self._afterwards = afterwards
        self._beforehand = beforehand
        self._base = base
        self._by_shape: dict[tuple[str, int], list[Interaction]] = {}
        self._methods: dict[int, set[str]] = {}
        for one in interactions:
            key = (one.method, len(one.path))
            self._by_shape.setdefault(key, []).append(one)
            # Fixed words go before what would fit anything.
            self._by_shape[key].sort(key=_generality)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asking = Asking(scope, receive, base=self._base)
        asking.answerer = self._answer_entry
        answer = await self._answer(asking, scope)
        if self._afterwards is not None:
            answer = self._afterwards(asking, answer)
        if len(answer.body) > PIECE_BYTES:
            scope[WHOSE] = asking.bearer
            send = in_pieces(
                scope, send, warden=self._store.warden, clock=self._store.clock
            )
        await answer.send(send, is_head=asking.method == "HEAD")

    async def _answer(self, asking: Asking, scope: Scope) -> Answer:
        parts = tuple(asking.parts)
        if parts and not parts[-1]:
            parts = parts[:-1]
        method = "GET" if asking.method == "HEAD" else asking.method
        found = self._find(method, parts)
        if found is None and method == "POST" and parts and parts[-1][:1] == "$":
            # https://hl7.org/fhir/R4/operations.html#executing: by POST as well.
            found = self._find("GET", parts)
            wrong = None if found is None else await asking.take_parameters()
            if wrong is not None:
                return of_problems([wrong], status=400, code="invalid")
        if found is None:
            return self._not_there(parts)
        scope[PATTERN] = found.pattern
        asking.parts = parts
        refused = refused_format(asking)
        if refused is not None:
            return refused
        refused = await self._admit(asking, found)
        if refused is not None:
            return refused
        asking.told = f"{found.name} {parts[0]}" if TYPE in found.path else found.name
        return await self._handled(asking, found)

    async def _handled(self, asking: Asking, found: Interaction) -> Answer:
        if self._beforehand is not None and found.scope != NOBODY:
            answer = await self._beforehand(asking, found, self._store)
            if answer is not None:
                return answer
        return await found.handler(asking, self._store)

    async def _admit(self, asking: Asking, found: Interaction) -> Answer | None:
        """Learn whose token it is; an answer where it may not come this far."""
        if found.scope == NOBODY:
            return None
        if asking.session is None:
            asking.token = asking.bearer
            if not asking.token:
                return told(
                    HTTPStatus.UNAUTHORIZED,
                    "login",
                    "Send an access token: Authorization: Bearer …",
                    headers=(CHALLENGE,),
                )
            proof = asking.proof
            session = (
                await self._store.sessions.of(asking.token)
                if proof is None
                else await self._store.sessions.proven(asking.token, proof)
            )
            if isinstance(session, Refusal):
                return of_refusal(session)
            asking.session = session
            asking.token = session.handle or asking.token
        return refused_app(asking, found)

    async def _answer_entry(self, asking: Asking) -> Answer:
        """An entry of a batch; a batch within a batch is none."""
        if not asking.parts or asking.parts == [""]:
            return told(400, "invalid", "A batch cannot stand within another.")
        return await self._answer(asking, {})

    def _find(self, method: str, parts: tuple[str, ...]) -> Interaction | None:
        for one in self._by_shape.get((method, len(parts)), ()):
            if one.fits(parts):
                return one
        return None

    def _not_there(self, parts: tuple[str, ...]) -> Answer:
        allowed = sorted(
            {
                method
                for (method, length), some in self._by_shape.items()
                if length == len(parts)
                for one in some
                if one.fits(parts)
            }
        )
        if allowed:
            words = "That cannot be done at this address."
            headers = ((b"allow", ", ".join(allowed).encode()),)
            return told(405, "not-supported", words, headers=headers)
        return told(404, "not-found", _why_not(parts))


def _why_not(parts: Sequence[str]) -> str:
    if parts and parts[-1].startswith("$"):
        return "There is no such operation here. The capability statement lists them."
    return "There is no such address. Types are written as in Patient or Observation."


def _generality(one: Interaction) -> int:
    return sum(part.startswith("{") for part in one.path)


def tell(trouble: Trouble, reference: str) -> Response:
    """An error of the guard around the API, as an OperationOutcome."""
    words = f"{trouble.title}. {trouble.why} {trouble.mend} (Reference {reference}.)"
    code = _CODES.get(int(trouble.status), "exception")
    headers = dict(trouble.headers)
    if trouble.retry_after_seconds is not None:
        headers["Retry-After"] = str(trouble.retry_after_seconds)
    return Response(
        outcome_json([Issue("error", code, words)]),
        status_code=trouble.status,
        headers=headers,
        media_type="application/fhir+json",
    )
