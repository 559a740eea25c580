# SPDX-License-Identifier: Apache-2.0
"""An organisation's own protocol: written, sent to review, reviewed by a second person.

It is a Library of the organisation's (https://hl7.org/fhir/R4/library.html) that holds
a PlanDefinition and a Questionnaire whole. While it is being written it changes. What
is sent to review is another Library, whose id follows from `url|version`: its content
never changes again, and no second content can have that name.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.model.resource import Resource, from_content, parse
from wardkeep.fhir.triage.attached import Attachment, attached, raw_in
from wardkeep.fhir.triage.in_use import BY, WORDS

TYPE = "Library"
_PART = "urn:wardkeep:triage:"
STAGE, AUTHOR, REVIEWER = (
    f"{_PART}{name}" for name in ("stage", "author", "reviewed-by")
)
WRITING, IN_REVIEW, REVIEWED = "writing", "in-review", "reviewed"
SENT_BACK, THROWN_AWAY = "sent-back", "thrown-away"
STAGES = (WRITING, IN_REVIEW, REVIEWED, SENT_BACK, THROWN_AWAY)
PLAN, ASKED = "PlanDefinition", "Questionnaire"
MOST_BYTES = 150_000
"""Of both resources together, as JSON without white space."""
_SPACES = 4
"""White space may make a text so much longer."""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What a second person said."""

    name: str = ""
    """With their registration."""
    day: str = ""
    words: str = ""
    """What was read and found."""
    account: str = ""


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """One, as it is stored."""

    id: str
    stage: str
    plan: Resource
    asked: Resource
    authors: tuple[str, ...]
    """Accounts that changed a word of it."""
    by: Person
    """Who changed it last, or decided on it."""
    review: Review = Review()
    version: int = 0
    """Of the Library as it is stored."""

    @property
    def title(self) -> str:
        return _text(self.plan, "title") or "Without a title"

    @property
    def name(self) -> str:
        """`url|version` as the author wrote them."""
        return f"{_text(self.plan, 'url')}|{_text(self.plan, 'version')}"

    @property
    def digest(self) -> str:
        """As the content's own."""
        whole = self.plan.compact + b"\n" + self.asked.compact
        return hashlib.sha256(whole).hexdigest()

    @property
    def pair(self) -> tuple[Resource, Resource]:
        return self.plan, self.asked

    def is_by(self, account: str) -> bool:
        return account in self.authors

    @property
    def may_be_used(self) -> bool:
        """Whether somebody reviewed it who wrote nothing of it, and it is that still.

        Its id follows from its name and version, under which there is no other.
        """
        reviewer = self.review.account
        is_second = bool(reviewer) and bool(self.authors) and not self.is_by(reviewer)
        return self.stage == REVIEWED and is_second and self.id == frozen_id(self)


def _text(resource: Resource, name: str) -> str:
    said = resource.content.get(name)
    return said if isinstance(said, str) else ""


def frozen_id(protocol: Protocol) -> str:
    """Of what is sent to review: one for each `url|version`."""
    return derived_uuid("triage-protocol", protocol.name)


def with_author(protocol: Protocol, account: str) -> Protocol:
    """The same, changed by an account too; the first of all stay."""
    if account in protocol.authors:
        return protocol
    return msgspec.structs.replace(protocol, authors=(*protocol.authors, account))


def read_pair(texts: Sequence[str]) -> tuple[Resource, Resource] | tuple[Problem, ...]:
    """A plan and a questionnaire from what somebody uploaded.

    Two JSON texts in any order, or one that is a Bundle of both.
    """
    problems: list[Problem] = []
    found: dict[str, Resource] = {}
    for number, text in enumerate(texts):
        place = f"text-{number + 1}"
        if not text.strip():
            continue
        read = parse(text.encode(), most_bytes=MOST_BYTES * _SPACES)
        if not isinstance(read, Resource):
            problems += [msgspec.structs.replace(one, place=place) for one in read]
            continue
        for one in _parts(read):
            if one.type not in (PLAN, ASKED) or one.type in found:
                wrong = f"it has a {one.type} that is not wanted, or wanted once"
                mend = f"Give one {PLAN} and one {ASKED}."
                problems.append(Problem(place=place, wrong=wrong, mend=mend))
            found[one.type] = one
    lacking = [type_ for type_ in (PLAN, ASKED) if type_ not in found]
    if lacking and not problems:
        wrong = f"there is no {' and no '.join(lacking)}"
        mend = "Give both: the rules, and the questions that they ask."
        problems.append(Problem(place="text-1", wrong=wrong, mend=mend))
    if not problems and _size(found[PLAN], found[ASKED]) > MOST_BYTES:
        wrong = f"it is longer than {MOST_BYTES:,} bytes"
        mend = "Split it: one protocol for one complaint."
        problems.append(Problem(place="text-1", wrong=wrong, mend=mend))
    return tuple(problems) if problems else (found[PLAN], found[ASKED])


def _size(plan: Resource, asked: Resource) -> int:
    return len(plan.compact) + len(asked.compact)


def is_too_long(plan: Resource, asked: Resource) -> bool:
    return _size(plan, asked) > MOST_BYTES


def _parts(read: Resource) -> list[Resource]:
    entries = read.content.get("entry")
    if read.type != "Bundle" or not isinstance(entries, list):
        return [read]
    inner = [one.get("resource") for one in entries if isinstance(one, dict)]
    made = [from_content(one) for one in inner]
    return [one for one in made if isinstance(one, Resource)]


def protocol_library(protocol: Protocol) -> dict[str, object]:
    """The Library to be stored, as content."""
    review = protocol.review
    said: list[dict[str, object]] = [
        {"url": STAGE, "valueCode": protocol.stage},
        {"url": BY, "valueReference": reference_to(protocol.by)},
    ]
    said += [{"url": AUTHOR, "valueString": one} for one in protocol.authors]
    if review.words:
        said.append({"url": WORDS, "valueString": review.words})
    if review.account:
        said.append({"url": REVIEWER, "valueString": review.account})
    return {
        "resourceType": TYPE,
        "id": protocol.id,
        "extension": said,
        "title": protocol.title,
        "status": "draft",
        "experimental": True,
        "type": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/library-type",
                    "code": "logic-library",
                }
            ]
        },
        **({"lastReviewDate": review.day} if review.day else {}),
        **({"reviewer": [{"name": review.name}]} if review.name else {}),
        "content": attached(protocol.pair),
    }


class _Contact(msgspec.Struct, frozen=True):
    name: str = ""


class _Said(msgspec.Struct, frozen=True, rename="camel"):
    url: str = ""
    value_string: str = ""
    value_code: str = ""
    value_reference: dict[str, object] = {}


class _Library(msgspec.Struct, frozen=True, rename="camel"):
    id: str = ""
    last_review_date: str = ""
    reviewer: tuple[_Contact, ...] = ()
    content: tuple[Attachment, ...] = ()
    extension: tuple[_Said, ...] = ()

    def one(self, url: str) -> _Said:
        return next((one for one in self.extension if one.url == url), _Said())


_decode = msgspec.json.Decoder(_Library).decode


def protocol_in(text: bytes, version: int) -> Protocol | None:
    """What a stored Library says; None where it is no protocol of one's own."""
    try:
        read = _decode(text)
        made = list(map(parse, raw_in(read.content)))
    except (msgspec.DecodeError, ValueError):
        return None
    pair = {one.type: one for one in made if isinstance(one, Resource)}
    stage = read.one(STAGE).value_code
    if stage not in STAGES or not {PLAN, ASKED} <= pair.keys():
        return None
    return Protocol(
        id=read.id,
        stage=stage,
        plan=pair[PLAN],
        asked=pair[ASKED],
        authors=tuple(one.value_string for one in read.extension if one.url == AUTHOR),
        by=person_in(read.one(BY).value_reference),
        version=version,
        review=Review(
            name=read.reviewer[0].name if read.reviewer else "",
            day=read.last_review_date,
            words=read.one(WORDS).value_string,
            account=read.one(REVIEWER).value_string,
        ),
    )
