# SPDX-License-Identifier: Apache-2.0
"""Sealing drafts into rows."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.crypto.aead import Cipher
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.questions import ResourceRef
from wardkeep.disclosure.sealed import row_identity, seal_row
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.search.row_facts import RowFacts
from wardkeep.fhir.store.abbreviation import abbreviate
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.rows import NewRow
from wardkeep.fhir.store.stamping import Stamp, stamped
from wardkeep.fhir.store.tokens import RowTokens

Ciphers = Mapping[tuple[str, Tier], Cipher]
"""Keys by (patient, tier); the organisation's own under ("", SHARED)."""
Seals = Mapping[ResourceRef, tuple[bytes, Cipher]]
"""What is sealed has a key for each row: wrapped, as it goes before the body, and made
ready."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sealed version goes."""

    organisation: OrganisationId
    last_updated: datetime
    numbers: Mapping[str, int]
    """Patients' numbers by id."""


def seal_draft(
    draft: Draft,
    place: Place,
    *,
    version: int,
    ciphers: Ciphers,
    seals: Seals,
    tokens: RowTokens,
) -> NewRow:
    """The row of a draft under its owner's key; `tokens` are of its secrets.

    KeyError where that key was not given.
    """
    stamp = Stamp(
        type=draft.type,
        id=draft.id,
        version=version,
        last_updated=place.last_updated,
    )
    short = abbreviate(stamped(draft.resource, stamp), stamp, owner=draft.owner)
    identity = row_identity(
        place.organisation,
        draft.type,
        draft.id,
        version,
        patient=draft.owner,
        tier=draft.tier,
    )
    before, cipher = (
        seals[draft.type, draft.id, version]
        if draft.tier is Tier.SEALED
        else (b"", ciphers[draft.owner, draft.tier])
    )
    facts = draft.facts
    count = len(facts.terms)
    also = [place.numbers[one] for one in draft.patients[1:] if one in place.numbers]
    return NewRow(
        patient=place.numbers[draft.owner] if draft.owner else None,
        last_updated=place.last_updated,
        clinical_at=draft.clinical_at,
        version=version,
        type=type_code(draft.type),
        tier=draft.tier,
        id=draft.id,
        tokens=[*tokens.tokens[:count], *tokens.newer[:count]],
        ranges=[
            *_ranges(facts, tokens.tokens[count:]),
            *_ranges(facts, tokens.newer[count:]),
        ]
        or None,
        token_turn=tokens.turn or None,
        present=facts.present.to_bytes((facts.present.bit_length() + 7) // 8, "little"),
        body=before + seal_row(cipher, short, identity),
        also=also or None,
    )


def _ranges(facts: RowFacts, keys: Sequence[int]) -> Iterator[int]:
    """In threes; none where there are no keys, as of a key that is not there yet."""
    for key, one in zip(keys, facts.ranges, strict=bool(keys)):
        yield from (key, one.low, one.high)
