# SPDX-License-Identifier: Apache-2.0
"""A request to the API, read as far as it is needed."""

import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from urllib.parse import parse_qsl

import msgspec
import zstandard
from starlette.types import Message, Receive, Scope

from wardkeep.base.ids import OrganisationId
from wardkeep.base.outcome import Problem
from wardkeep.disclosure.answers import SessionView
from wardkeep.disclosure.smart import KeyProof
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.store.limits import limits_of
from wardkeep.fhir.store.outcomes import Opener

MOST_BODY_BYTES = 64 * 1024 * 1024
"""Of a body, also when it is unpacked."""
MOST_FORM_BYTES = 1024 * 1024
"""Of a search that comes as a form."""
MOST_PAIRS = 200
_SCHEMES = ("bearer", "dpop")
_LONGEST_PROOF = 4_096
Answerer = Callable[["Asking"], Awaitable[Answer]]
FORM = "application/x-www-form-urlencoded"


class NoAnswererError(Exception):
    """The request did not come through the application."""


class _Parameters(
    msgspec.Struct, frozen=True, tag_field="resourceType", tag="Parameters"
):
    """https://hl7.org/fhir/R4/parameters.html, as far as an address could say it."""

    parameter: list[dict[str, object]] = []


def _pairs_in(parameter: Mapping[str, object]) -> list[tuple[str, str]]:
    name = str(parameter.get("name", ""))
    values = [value for key, value in parameter.items() if key[:5] == "value"]
    return [(name, _text_of(value)) for value in values]


def _text_of(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class Asking:
    """One request, with the token that it came with."""

    def __init__(self, scope: Scope, receive: Receive, *, base: str) -> None:
        self._scope = scope
        self._receive = receive
        self.base = base
        """The API's own address, without a slash at its end."""
        self.method: str = scope["method"]
        self.parts: Sequence[str] = scope["path"].split("/")[2:]
        """The path behind the base, split at its slashes."""
        self.token = ""
        """What the door takes: the access token, or a handle of this request."""
        self.session: SessionView | None = None
        """Whose token it is, once the application has asked the warden."""
        self.answerer: Answerer | None = None
        """Answers further requests with the same token: the entries of a batch."""
        self.has_parameters = False
        """Whether the body of an operation said more than the address."""
        self.told = ""
        """What the ledger is told of this request."""

    @cached_property
    def headers(self) -> Mapping[bytes, str]:
        """The last of each name counts; names are in small letters."""
        return {name: value.decode("latin-1") for name, value in self._scope["headers"]}

    def header(self, name: bytes) -> str:
        return self.headers.get(name, "")

    @property
    def has_query(self) -> bool:
        return bool(self._scope["query_string"]) or self.has_parameters

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """Names and values in their order, decoded."""
        return pairs_of(self._scope["query_string"].decode("latin-1"))

    @property
    def bearer(self) -> str:
        """The access token (RFC 6750, RFC 9449, 7.1); empty where there is none."""
        scheme, _, token = self.header(b"authorization").partition(" ")
        return token.strip() if scheme.lower() in _SCHEMES else ""

    @property
    def proof(self) -> KeyProof | None:
        """The proof of a token that is bound to a key; None: a bearer token's use.

        Two proofs are none (RFC 9449, 4.3, 1), and a proof has only a token that
        comes by the name of DPoP.
        """
        if self.header(b"authorization").partition(" ")[0].lower() != "dpop":
            return None
        sent = [value for name, value in self._scope["headers"] if name == b"dpop"]
        proof = sent[0].decode("latin-1") if len(sent) == 1 else ""
        path: str = self._scope.get("raw_path", b"").decode("latin-1")
        path = path.partition("?")[0] or self._scope["path"]
        url = self.base.removesuffix("/fhir") + path
        return KeyProof(proof[:_LONGEST_PROOF], self.method, url)

    @property
    def cursor_name(self) -> str:
        """What links to pages are signed for: the same in each use of a token."""
        return "" if self.session is None else self.session.session

    @property
    def opener(self) -> Opener:
        """Who opens records here: the organisation is what the token claims.

        The warden holds it against the session with every key; where no key is asked
        for, the caller must check the session itself.
        """
        claimed, dot, _ = self.token.partition(".")
        is_number = dot and claimed.isascii() and claimed.isdigit()
        number = int(claimed[:9]) if is_number else 0
        return Opener(
            session=self.token,
            organisation=OrganisationId(number),
            request=self.told,
            limits=(
                limits_of(self.session.scope, self.session.patient)
                if self.session is not None and self.session.app
                else None
            ),
        )

    async def answer_within(self, scope: Scope, body: bytes) -> Answer:
        """The answer to a request that came inside this one."""

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        inner = Asking(scope, receive, base=self.base)
        inner.answerer, inner.token = self.answerer, self.token
        inner.session = self.session
        if self.answerer is None:
            raise NoAnswererError
        return await self.answerer(inner)

    async def take_parameters(self) -> Problem | None:
        """Of an operation: what its Parameters or its form say, beside the address."""
        is_form = self.header(b"content-type").partition(";")[0].strip() == FORM
        found = await (self.form() if is_form else self._parameters())
        if isinstance(found, Problem):
            return found
        self.query = [*self.query, *found]
        self.has_parameters = True
        return None

    async def _parameters(self) -> list[tuple[str, str]] | Problem:
        raw = await self.body()
        if isinstance(raw, Problem):
            return raw
        if not raw:
            return []
        try:
            sent = msgspec.json.decode(raw, type=_Parameters)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _problem("it is no Parameters resource", "Send one, or a form.")
        return [pair for one in sent.parameter for pair in _pairs_in(one)]

    async def body(self) -> bytes | Problem:
        """The whole body, unpacked; the guard has limited what arrives."""
        pieces = []
        while True:
            message = await self._receive()
            pieces.append(message.get("body", b""))
            if not message.get("more_body", False):
                break
        return _unpacked(b"".join(pieces), self.header(b"content-encoding"))

    async def form(self) -> list[tuple[str, str]] | Problem:
        raw = await self.body()
        if isinstance(raw, Problem):
            return raw
        if len(raw) > MOST_FORM_BYTES:
            return _problem(f"it has more than {MOST_FORM_BYTES:,} bytes", "Ask less.")
        return pairs_of(raw.decode("latin-1"))


def pairs_of(text: str) -> list[tuple[str, str]]:
    """Decoded pairs; one more than may be, where there are too many."""
    if text.count("&") > MOST_PAIRS:
        text = "&".join(text.split("&", MOST_PAIRS + 1)[: MOST_PAIRS + 1])
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")


def _unpacked(raw: bytes, encoding: str) -> bytes | Problem:
    """Gzip and zstd (RFC 1952, RFC 8878), each within the limit."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return raw
    unpack = {"gzip": _gunzip, "zstd": _unzstd}.get(name)
    if unpack is None:
        return _problem("its content encoding is not known", "Use gzip or zstd.")
    try:
        text = unpack(raw)
    except (zlib.error, zstandard.ZstdError, EOFError):
        return _problem("it cannot be unpacked", "Pack it again, or send it plain.")
    if len(text) > MOST_BODY_BYTES:
        return _problem("it is too large when unpacked", "Send less at a time.")
    return text


def _gunzip(raw: bytes) -> bytes:
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    text = reader.decompress(raw, MOST_BODY_BYTES + 1)
    if not reader.eof and len(text) <= MOST_BODY_BYTES:
        raise EOFError
    return text


def _unzstd(raw: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(raw) as reader:
        return reader.read(MOST_BODY_BYTES + 1)


def _problem(wrong: str, mend: str) -> Problem:
    return Problem(place="the body", wrong=wrong, mend=mend)
