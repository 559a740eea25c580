# SPDX-License-Identifier: Apache-2.0
"""Read and vread: https://hl7.org/fhir/R4/http.html#read."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from wardkeep.base.ids import is_fhir_id
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.rest.answer import JSON, Answer, version_headers
from wardkeep.fhir.rest.app_rights import own_practitioner
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.interaction import ID, TYPE, VERSION, Interaction
from wardkeep.fhir.rest.outcome import of_not_found, of_refusal
from wardkeep.fhir.rest.rights import missing
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.summary import Shape, shape_of, shaped
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource
from wardkeep.fhir.store.reserved import ledger_event_id

_LARGEST_VERSION = 2**31 - 1


async def read(asking: Asking, store: Store) -> Answer:
    type_, id_ = asking.parts[:2]
    return await _answer(asking, store, type_=type_, id_=id_, version=None)


async def vread(asking: Asking, store: Store) -> Answer:
    type_, id_, _, text = asking.parts
    is_number = text.isascii() and text.isdigit() and len(text) <= 10  # noqa: PLR2004 - digits of a version
    version = int(text) if is_number else 0
    if not 0 < version <= _LARGEST_VERSION:
        answer = of_not_found(NotFound(type=type_, id=id_))
        return await missing(asking, store, letter="r", type_=type_, answer=answer)
    return await _answer(asking, store, type_=type_, id_=id_, version=version)


async def _answer(
    asking: Asking, store: Store, *, type_: str, id_: str, version: int | None
) -> Answer:
    shape = shape_of(asking.query) if asking.has_query else Shape()
    if isinstance(shape, Answer):
        return shape
    found: OpenedResource | Refusal | NotFound = NotFound(type=type_, id=id_)
    if ledger_event_id(type_, id_) is not None and version in (None, 1):
        found = await store.ledger.one(id_, opener=asking.opener)
    elif is_fhir_id(id_):
        found = await store.reader.one(
            type_, id_, opener=asking.opener, version=version
        )
    if isinstance(found, Refusal):
        return of_refusal(found)
    if isinstance(found, NotFound):
        person = own_practitioner(asking, type_, id_)
        if person is not None:
            return Answer(body=person, headers=(JSON,))
        answer = of_not_found(found)
        return await missing(asking, store, letter="r", type_=type_, answer=answer)
    headers = version_headers(found.version, found.last_updated)
    if _has_it_already(asking, found):
        return Answer(status=304, headers=headers)
    return Answer(body=shaped(found.text, found.type, shape), headers=(JSON, *headers))


def _has_it_already(asking: Asking, found: OpenedResource) -> bool:
    """If-None-Match and If-Modified-Since: the second counts without the first."""
    tags = asking.header(b"if-none-match")
    if tags:
        here = f'"{found.version}"'
        given = [one.strip().removeprefix("W/") for one in tags.split(",")]
        return "*" in given or here in given
    since = asking.header(b"if-modified-since")
    if not since:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False  # RFC 9110, 13.1.3: an invalid date is ignored
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    second: datetime = found.last_updated.replace(microsecond=0)
    return second <= aware


INTERACTIONS = (
    Interaction(name="read", method="GET", path=(TYPE, ID), scope="r", handler=read),
    Interaction(
        name="vread",
        method="GET",
        path=(TYPE, ID, "_history", VERSION),
        scope="r",
        handler=vread,
    ),
)
