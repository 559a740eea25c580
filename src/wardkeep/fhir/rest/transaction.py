# SPDX-License-Identifier: Apache-2.0
"""A transaction: all of its entries or none, in one change of the store.

https://hl7.org/fhir/R4/http.html#trules. Conditions are looked up first; within the
change their guards look again, and if somebody was faster, all is done anew.
"""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import NoReturn

import msgspec

from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.disclosure.answers import SessionView
from wardkeep.fhir.model.definitions import is_resource_type
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asked import read_asked
from wardkeep.fhir.rest.asking import Asking, pairs_of
from wardkeep.fhir.rest.conditions import Condition, condition_of, several
from wardkeep.fhir.rest.entries import (
    Entry,
    Links,
    conditional_references,
    in_order,
)
from wardkeep.fhir.rest.outcome import told
from wardkeep.fhir.rest.patching import patched_entry
from wardkeep.fhir.rest.rights import beyond
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.written import NO_VERSION, not_written, version_in
from wardkeep.fhir.search.query import Query, has_links, holds
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change, Guard, Removal
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import AlreadyThere, Written
from wardkeep.fhir.validation import check

ATTEMPTS = 4
_A_TURN = 50
"""Entries between two looks at other requests."""
_LETTERS = {"POST": "c", "PUT": "u", "PATCH": "u", "DELETE": "d"}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry will write, or has found to be there."""

    entry: Entry
    type: str
    id: str
    is_written: bool = True
    expected: int | None = None
    removed: tuple[str, ...] = ()
    """Of a deletion: ids."""
    guard: Guard | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that was written."""

    targets: dict[int, Target]
    """By the entry's place."""
    resources: dict[int, Resource]
    written: Written


class _FailedError(Exception):
    """Ends the planning of a transaction; caught in this module."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


async def transact(
    asking: Asking, store: Store, session: SessionView, entries: Sequence[Entry]
) -> Done | Answer:
    """Write what the entries write; readings are left to the caller."""
    writing = [one for one in in_order(entries) if one.method in _LETTERS]
    for _ in range(ATTEMPTS):
        try:
            done = await _Attempt(asking, store, session).run(writing)
        except _FailedError as failed:
            return failed.answer
        if done is not None:
            return done
    return told(
        HTTPStatus.CONFLICT, "conflict", "Others write the same just now. Try again."
    )


class _Attempt:
    """One try at a transaction."""

    def __init__(self, asking: Asking, store: Store, session: SessionView) -> None:
        self._asking = asking
        self._store = store
        self._session = session
        self._opener = asking.opener
        self._targets: dict[int, Target] = {}
        self._references = Links()
        self._conditions: dict[tuple[str, str], str] = {}

    async def run(self, entries: Sequence[Entry]) -> Done | None:
        """None where somebody else was faster: look again."""
        for number, entry in enumerate(entries):
            await _let_others(number)
            target = await self._target(entry)
            self._targets[entry.place] = target
            if entry.full_url and entry.method != "DELETE":
                self._references.add(entry.full_url, f"{target.type}/{target.id}")
        await self._resolve_conditional(entries)
        resources = await self._resources(entries)
        change = self._change(resources)
        if not change.drafts and not change.removals:
            now = self._store.clock.now()
            written = Written(references=(), last_updated=now)
            return Done(targets=self._targets, resources=resources, written=written)
        found = await self._store.writer.write(change, opener=self._opener)
        if isinstance(found, AlreadyThere):
            return None
        if not isinstance(found, Written):
            has_condition = any(
                one.entry.if_match or one.entry.if_none_match
                for one in self._targets.values()
            )
            raise _FailedError(not_written(found, has_condition=has_condition))
        return Done(targets=self._targets, resources=resources, written=found)

    # What each entry is about

    async def _target(self, entry: Entry) -> Target:
        parts = entry.parts
        if not parts or not is_resource_type(parts[0]) or len(parts) > 2:  # noqa: PLR2004 - Type/id
            self._fail(entry, 400, "invalid", "Its url is neither Type nor Type/id")
        refused = beyond(self._session, _LETTERS[entry.method], [parts[0]])
        if refused is not None:
            raise _FailedError(refused)
        self._refuse_other_type(entry)
        if entry.method == "POST":
            return await self._created(entry)
        if entry.method == "DELETE":
            return await self._removed(entry)
        return await self._updated(entry)

    def _refuse_other_type(self, entry: Entry) -> None:
        is_patch = entry.method == "PATCH"
        if entry.content is None or is_patch or entry.method == "DELETE":
            return
        if entry.content.get("resourceType") != entry.parts[0]:
            self._fail(entry, 400, "invalid", "Its url and its resource differ in type")

    async def _created(self, entry: Entry) -> Target:
        type_ = entry.parts[0]
        if len(entry.parts) != 1:
            self._fail(entry, 400, "invalid", "A POST goes to a type")
        if not entry.if_none_exist:
            return Target(entry=entry, type=type_, id=new_uuid(), expected=0)
        query = entry.if_none_exist.rpartition("?")[2]
        known = self._conditions.get((type_, query))
        if known is not None:
            return Target(entry=entry, type=type_, id=known, is_written=False)
        found = await self._look(entry, type_, query)
        id_ = found.ids[0] if found.ids else new_uuid()
        self._conditions[type_, query] = id_
        if found.ids:
            return Target(entry=entry, type=type_, id=id_, is_written=False)
        return Target(entry=entry, type=type_, id=id_, expected=0, guard=found.guard)

    async def _updated(self, entry: Entry) -> Target:
        type_ = entry.parts[0]
        expected = version_in(entry.if_match)
        if expected == NO_VERSION:
            self._fail(entry, 412, "conflict", "Its ifMatch names no version")
        if len(entry.parts) == 2:  # noqa: PLR2004 - Type/id
            self._refuse_other_id(entry, entry.parts[1])
            if entry.if_none_match.strip() == "*":
                expected = MUST_NOT_EXIST
            return Target(entry=entry, type=type_, id=entry.parts[1], expected=expected)
        if entry.method == "PUT":
            self._refuse_same_condition(entry)
        found = await self._look(entry, type_, entry.query)
        own = entry.content.get("id") if entry.content else None
        if found.ids:
            if entry.method == "PUT" and own not in (None, found.ids[0]):
                self._fail(entry, 400, "invalid", "Its condition finds another id")
            return Target(entry=entry, type=type_, id=found.ids[0], expected=expected)
        if entry.method == "PATCH":
            self._fail(entry, 404, "not-found", "Its condition finds nothing to patch")
        id_ = own if isinstance(own, str) else new_uuid()
        return Target(entry=entry, type=type_, id=id_, guard=found.guard)

    def _refuse_same_condition(self, entry: Entry) -> None:
        """Two updates by one condition are about one resource."""
        condition = (entry.parts[0], entry.query)
        if condition in self._conditions:
            self._fail(entry, 400, "invalid", "Another entry has the same condition")
        self._conditions[condition] = ""

    def _refuse_other_id(self, entry: Entry, id_: str) -> None:
        if not is_fhir_id(id_):
            self._fail(entry, 400, "invalid", "The id in its url is no FHIR id")
        own = entry.content.get("id") if entry.content else None
        if entry.method == "PUT" and own != id_:
            self._fail(entry, 400, "invalid", "Its url and its resource differ in id")

    async def _removed(self, entry: Entry) -> Target:
        type_ = entry.parts[0]
        if len(entry.parts) == 2:  # noqa: PLR2004 - Type/id
            return Target(
                entry=entry,
                type=type_,
                id=entry.parts[1],
                removed=(entry.parts[1],),
                expected=version_in(entry.if_match),
            )
        found = await self._look(entry, type_, entry.query, is_unique=False)
        return Target(entry=entry, type=type_, id="", removed=found.ids)

    async def _look(
        self, entry: Entry, type_: str, query: str, *, is_unique: bool = True
    ) -> Condition:
        found = await condition_of(
            type_,
            pairs_of(query),
            self._asking,
            self._store,
            session=self._session,
            most=2 if is_unique else 1_000,
        )
        if isinstance(found, Answer):
            raise _FailedError(found)
        if is_unique and len(found.ids) > 1:
            raise _FailedError(several(found))
        del entry
        return found

    async def _resolve_conditional(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            for reference in conditional_references(entry.content):
                if reference in self._references:
                    continue
                type_, _, query = reference.partition("?")
                if not is_resource_type(type_):
                    self._fail(entry, 400, "invalid", "It has a reference to no type")
                within = self._within(entries, type_, query)
                stored = (await self._look(entry, type_, query)).ids
                found = tuple(dict.fromkeys((*within, *stored)))
                if not found:
                    words = "It refers by a condition to what is not here"
                    self._fail(entry, 412, "not-found", words)
                if len(found) > 1:
                    words = "It refers by a condition to several resources"
                    self._fail(entry, 412, "multiple-matches", words)
                self._references.add(reference, f"{type_}/{found[0]}")

    def _within(
        self, entries: Sequence[Entry], type_: str, query: str
    ) -> tuple[str, ...]:
        """Which of the resources that this transaction writes match a condition."""
        asked = read_asked(type_, pairs_of(query), self._asking, session=self._session)
        if isinstance(asked, Answer) or not asked.query.clauses:
            return ()
        return tuple(
            target.id
            for entry in entries
            if (target := self._targets[entry.place]).is_written
            and target.type == type_
            and entry.method in ("POST", "PUT")
            and _is_match(asked.query, entry)
        )

    # What is written

    async def _resources(self, entries: Sequence[Entry]) -> dict[int, Resource]:
        found: dict[int, Resource] = {}
        for number, entry in enumerate(entries):
            await _let_others(number)
            target = self._targets[entry.place]
            if entry.method == "DELETE" or not target.is_written:
                continue
            if entry.method == "PATCH":
                found[entry.place] = await self._patched(entry, target)
                continue
            content = self._references.applied(entry)
            found[entry.place] = self._checked(entry, from_content(content))
        return found

    async def _patched(self, entry: Entry, target: Target) -> Resource:
        found = await patched_entry(
            entry, target.type, target.id, self._asking, self._store
        )
        if isinstance(found, Answer):
            raise _FailedError(found)
        resource, version = found
        if target.expected is None:
            self._targets[entry.place] = msgspec.structs.replace(
                target, expected=version
            )
        return resource

    def _checked(self, entry: Entry, found: object) -> Resource:
        if not isinstance(found, Resource):
            self._fail(entry, 400, "structure", "It has no resource that can be read")
        problems = check(found)
        if problems:
            words = f"{problems[0].wrong} at {problems[0].place}"
            self._fail(entry, 422, "structure", words)
        return found

    def _change(self, resources: dict[int, Resource]) -> Change:
        targets = [
            one for one in self._targets.values() if one.entry.place in resources
        ]
        return Change(
            drafts=[draft_of(resources[one.entry.place], one.id) for one in targets],
            expected=[one.expected for one in targets],
            removals=[
                Removal(type=one.type, id=id_, expected_version=one.expected)
                for one in self._targets.values()
                for id_ in one.removed
            ],
            guards=[one.guard for one in targets if one.guard is not None],
        )

    @staticmethod
    def _fail(entry: Entry, status: int, code: str, words: str) -> NoReturn:
        raise _FailedError(
            told(status, code, f"{words}.", expression=(entry.expression,))
        )


def _is_match(query: Query, entry: Entry) -> bool:
    resource = from_content(entry.content)
    if not isinstance(resource, Resource) or has_links(query):
        return False
    return not check(resource) and holds(query, resource)


async def _let_others(number: int) -> None:
    if number % _A_TURN == _A_TURN - 1:
        await asyncio.sleep(0)
