# SPDX-License-Identifier: Apache-2.0
"""Pages of sealed rows: a search's statement, its rows with their keys, its count."""

from collections.abc import Sequence

import msgspec

from wardkeep.db.connection import Connection, Row
from wardkeep.fhir.search.compartment import owner_element, owner_is_one_of_many
from wardkeep.fhir.search.query import Query
from wardkeep.fhir.search.terms import SEPARATOR, HasTerm, OwnedBy
from wardkeep.fhir.store.ordering import (
    BY_CLINICAL_TIME,
    BY_ID,
    Ordering,
    Place,
    Sort,
)
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.releasing import Keys, keys_for
from wardkeep.fhir.store.rows import (
    KEY_COLUMNS,
    RESOURCE_COLUMNS,
    StoredRow,
    patient_key_row,
    stored_row,
)
from wardkeep.fhir.store.search_request import SearchRequest
from wardkeep.fhir.store.search_sql import Conditions, Parameters, Tokens

# The organisation as a parameter: row-level security's own comparison is then made
# once, and not for each row (docs/performance.md).
_OWN_TABLE = (
    "record.resource as r where r.organisation = %s"
    " and not r.is_deleted and r.tier <> 3 and"
)
VIEW = "record.searchable as r where"
_BEFORE = "record.searchable_before as r where"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one page, still sealed."""

    rows: tuple[StoredRow, ...]
    keys: Keys
    rest: Place | None
    """Where the page ends, if it is not the last."""
    total: int | None = None
    """All matches, where the page's own statement counted them."""
    places: tuple[Place, ...] = ()
    """Of each row, where they were asked for."""


async def page_of(
    connection: Connection,
    request: SearchRequest,
    tokens: Tokens,
    opener: Opener,
    *,
    has_places: bool = False,
) -> Found:
    sql, parameters, ordering = _statement(request, tokens, opener)
    found = await connection.fetch(sql, *parameters.values)
    rows = [row for row in found if row["type"] is not None]
    is_more = len(rows) > request.count
    keys = await _keys(connection, rows, found[len(rows) :] or rows, opener)
    rows = rows[: request.count]
    is_counted = _is_counted_beside(request) and bool(rows)
    return Found(
        total=rows[0]["matches"] if is_counted else None,
        rows=tuple([_stored(row, keys, opener) for row in rows]),
        rest=ordering.place_of(rows[-1]) if is_more and rows else None,
        places=tuple(map(ordering.place_of, rows)) if has_places else (),
        keys=keys,
    )


_NUMBER = "count(*) over ()"


def _is_counted_beside(request: SearchRequest) -> bool:
    """Whether the first page's statement counts: one question fewer."""
    return request.is_counted and request.as_of is None and request.after is None


async def _keys(
    connection: Connection, rows: Sequence[Row], of_keys: Sequence[Row], opener: Opener
) -> Keys:
    """The keys that came beside or behind the rows, and those of further patients."""
    also = {number for row in rows if (some := row["also"]) for number in some}
    patients = {
        number: patient_key_row(row)
        for number, row in {one["patient_number"]: one for one in of_keys}.items()
        if number is not None
    }
    if also - patients.keys():
        more = await keys_for(
            connection, opener.organisation, owners=(), also=tuple(also)
        )
        patients.update(more.patients)
    shared = next((row["wrapped_key"] for row in of_keys if row["wrapped_key"]), b"")
    return Keys(patients=patients, shared=shared)


def _stored(row: Row, keys: Keys, opener: Opener) -> StoredRow:
    owner = row["patient"]
    patient = "" if owner is None else keys.patients[owner].id
    return stored_row(row, organisation=opener.organisation, patient=patient)


def _statement(
    request: SearchRequest, tokens: Tokens, opener: Opener
) -> tuple[str, Parameters, Ordering]:
    """A page's rows in their order, and the keys that open them."""
    parameters = Parameters()
    is_of_one = _is_of_one_patient(request.queries)
    here = parameters.add(opener.organisation, "::integer") if is_of_one else ""
    ordering = Ordering(
        _order_of(request),
        types=request.types,
        tokens=tokens,
        parameters=parameters,
    )
    now = _OWN_TABLE % here if is_of_one else VIEW
    found = _select(request, tokens, parameters, ordering, source=now)
    if request.as_of is not None:
        before = _select(request, tokens, parameters, ordering, source=_BEFORE)
        moment = parameters.add(request.as_of, "::timestamptz")
        found = (
            f"{found} and r.last_updated <= {moment} union all {before}"
            f" and r.last_updated <= {moment} and r.superseded_at > {moment}"
        )
    behind = ordering.after(request.after) if request.after is not None else "true"
    most = parameters.add(request.count + 1)
    page = (
        f"select * from ({found}) as q where {behind}"
        f" order by {ordering.by} limit {most}"
    )
    if not is_of_one:
        return _with_keys_beside(page, ordering), parameters, ordering
    # The columns that only rows have: patient, sort keys, number of matches.
    more = 1 + ordering.width + _is_counted_beside(request)
    return _with_keys_behind(page, here, more=more), parameters, ordering


def _with_keys_beside(page: str, ordering: Ordering) -> str:
    return (
        f"select q.*, {KEY_COLUMNS}, k.wrapped_key from ({page}) as q"
        " left join record.patient as p on p.number = q.patient"
        " left join record.shared_key as k on q.patient is null"
        " and k.organisation = record.served_organisation()"
        f" order by {ordering.by}"
    )


_KEYLESS = (
    "null::bigint as patient_number, null::text as patient_id, null::bytea as"
    " banner_key, null::bytea as record_key, null::bytea as sealed_key,"
    " null::bytea as wrapped_key"
)


def _with_keys_behind(page: str, here: str, *, more: int) -> str:
    """A patient's keys in a row of their own, once, and not beside each of fifty."""
    nulls = ", ".join(["null"] * (_COLUMNS + more))
    return (
        f"with q as materialized ({page}) select q.*, {_KEYLESS} from q"
        f" union all select {nulls}, {KEY_COLUMNS}, null from record.patient as p"
        f" where p.organisation = {here}"
        " and p.number = any(array(select distinct q.patient from q))"
    )


_COLUMNS = RESOURCE_COLUMNS.count(",") + 1


def _select(
    request: SearchRequest,
    tokens: Tokens,
    parameters: Parameters,
    ordering: Ordering,
    *,
    source: str,
) -> str:
    condition = where(request, tokens, parameters)
    counting = []
    if _is_counted_beside(request):
        # An index has one patient's rows in their usual order: to count them by
        # themselves is cheaper than to carry them all through a window.
        is_in_order = not request.sorts and _is_of_one_patient(request.queries)
        counts = f"(select count(*) from {source} {condition})"
        counting.append(f"{counts if is_in_order else _NUMBER} as matches")
    columns = ", ".join(
        [RESOURCE_COLUMNS, "r.patient", *ordering.columns("r"), *counting]
    )
    return f"select {columns} from {source} {condition}"


def where(request: SearchRequest, tokens: Tokens, parameters: Parameters) -> str:
    conditions = Conditions(
        tokens, parameters, is_by_patient=_is_of_one_patient(request.queries)
    )
    each = [f"({conditions.of_query(query)})" for query in request.queries]
    return f"({' or '.join(each)})" if len(each) > 1 else each[0]


def _order_of(request: SearchRequest) -> tuple[Sort, ...]:
    if request.sorts:
        return request.sorts
    if _is_of_one_patient(request.queries):
        return (Sort(BY_CLINICAL_TIME, is_descending=True),)
    return (Sort(BY_ID),)


def _is_of_one_patient(queries: Sequence[Query]) -> bool:
    """Whether rows are found by their patient: then no other index is wanted."""
    return all(
        any(
            len(clause.any_of) == 1
            and not clause.is_negated
            and _names_owner(query.type, clause.any_of[0])
            for clause in query.clauses
        )
        for query in queries
    )


def _names_owner(type_: str, match: object) -> bool:
    if isinstance(match, OwnedBy):
        return True
    if not isinstance(match, HasTerm) or owner_is_one_of_many(type_):
        return False
    own = f"{owner_element(type_)}{SEPARATOR}r{SEPARATOR}Patient/".encode()
    return match.term.startswith(own)


async def total_of(
    connection: Connection, request: SearchRequest, tokens: Tokens, found: Found
) -> int | None:
    if request.after is None and found.rest is None:
        return len(found.rows)
    if found.total is not None:
        return found.total
    if not request.is_counted:
        return None
    return await count_of(connection, request, tokens)


async def count_of(
    connection: Connection, request: SearchRequest, tokens: Tokens
) -> int:
    parameters = Parameters()
    found = f"select 1 from {VIEW} {where(request, tokens, parameters)}"
    if request.as_of is not None:
        before = f"select 1 from {_BEFORE} {where(request, tokens, parameters)}"
        moment = parameters.add(request.as_of, "::timestamptz")
        found = (
            f"{found} and r.last_updated <= {moment} union all {before}"
            f" and r.last_updated <= {moment} and r.superseded_at > {moment}"
        )
    sql = f"select count(*) from ({found}) as q"
    counted: int = await connection.fetch_value(sql, *parameters.values)
    return counted
