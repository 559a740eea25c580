# SPDX-License-Identifier: Apache-2.0
"""Sealed rows: a grant opens what it names, where it lies, and nothing else."""

import msgspec
import pytest
import zstandard
from hypothesis import given, strategies as st

from wardkeep.crypto.aead import BoxCannotBeOpenedError, Cipher, new_key
from wardkeep.disclosure.answers import Grant
from wardkeep.disclosure.compression import (
    NO_DICTIONARY,
    PAD_BYTES,
    UnknownDictionaryError,
    compress,
    decompress,
)
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.questions import Item
from wardkeep.disclosure.sealed import (
    NotInGrantError,
    OpenGrant,
    SealedResource,
    key_identity,
    row_identity,
    seal_row,
)

KEY = new_key()
TEXT = b'{"resourceType":"Observation","id":"o-1","valueString":"feels better"}'
REF = ("Observation", "o-1", 3)


def sealed(
    *,
    id_: str = "o-1",
    version: int = 3,
    patient: str = "p-1",
    tier: Tier = Tier.RECORD,
) -> SealedResource:
    identity = row_identity(
        organisation=1,
        type_="Observation",
        id_=id_,
        version=version,
        patient=patient,
        tier=tier,
    )
    return SealedResource(
        organisation=1,
        type="Observation",
        id=id_,
        version=version,
        patient=patient,
        tier=tier,
        body=seal_row(Cipher(KEY), TEXT, identity),
    )


def granted(*, patient: str = "p-1", tier: Tier = Tier.RECORD) -> OpenGrant:
    items = (Item(patient, tier, b"wrapped", (REF,)),)
    grant = Grant(entry=1, granted_at=2, relationships=("ward",), keys=(KEY,))
    return OpenGrant(grant, items)


def test_a_grant_opens_what_it_names() -> None:
    assert granted().open(sealed()) == TEXT


@pytest.mark.parametrize(
    "other",
    [
        sealed(id_="o-2"),
        sealed(version=2),
        sealed(patient="p-2"),
        sealed(tier=Tier.SEALED),
    ],
    ids=["another id", "another version", "another patient", "another tier"],
)
def test_a_grant_opens_nothing_that_it_does_not_name(other: SealedResource) -> None:
    with pytest.raises(NotInGrantError):
        granted().open(other)


def test_many_rows_open_in_their_order_or_none_of_them() -> None:
    others = (("Observation", "o-2", 3), ("Observation", "o-3", 3))
    items = (
        Item("p-1", Tier.RECORD, b"wrapped", (REF, others[0])),
        Item("p-2", Tier.RECORD, b"wrapped", (others[1],)),
    )
    grant = Grant(entry=1, granted_at=2, relationships=("", ""), keys=(KEY, KEY))
    found = OpenGrant(grant, items)
    rows = [sealed(), sealed(id_="o-2"), sealed(id_="o-3", patient="p-2"), sealed()]
    assert found.open_all(rows) == [TEXT] * 4
    assert found.open_all([]) == []
    with pytest.raises(NotInGrantError):
        found.open_all([*rows, sealed(id_="o-9")])


@pytest.mark.parametrize(
    "moved", [{"organisation": 2}, {"body": sealed(id_="o-2").body}]
)
def test_a_row_moved_or_given_another_body_does_not_open(
    moved: dict[str, object],
) -> None:
    with pytest.raises(BoxCannotBeOpenedError):
        granted().open(msgspec.structs.replace(sealed(), **moved))


def test_a_grant_lends_a_key_for_writing_to_its_patient_and_tier_only() -> None:
    grant = granted()
    identity = b"a new version"
    box = grant.cipher_for_writing("p-1", Tier.RECORD).seal(b"text", identity)
    assert Cipher(KEY).open(box, identity) == b"text"
    for patient, tier in (("p-2", Tier.RECORD), ("p-1", Tier.BANNER)):
        with pytest.raises(NotInGrantError):
            grant.cipher_for_writing(patient, tier)


def test_a_wrapped_key_is_bound_to_organisation_patient_and_tier() -> None:
    same = {"organisation": 1, "patient": "p-1", "tier": Tier.RECORD}
    others: list[dict[str, object]] = [
        {"organisation": 2},
        {"patient": "p-2"},
        {"tier": Tier.SEALED},
    ]
    identities = {key_identity(**{**same, **other}) for other in ({}, *others)}  # type: ignore[arg-type]
    assert len(identities) == 4


@given(st.binary(max_size=5000))
def test_what_is_compressed_comes_back_and_tells_its_length_coarsely(
    text: bytes,
) -> None:
    packed = compress(text)
    assert decompress(packed) == text
    assert len(packed) % PAD_BYTES == 0


def test_a_body_without_a_dictionary_is_read() -> None:
    packed = bytes((NO_DICTIONARY,)) + zstandard.ZstdCompressor().compress(TEXT)
    assert decompress(packed) == TEXT


def test_a_body_of_a_newer_version_is_refused_by_its_dictionary() -> None:
    with pytest.raises(UnknownDictionaryError):
        decompress(b"\x63" + compress(TEXT)[1:])


def test_a_damaged_body_is_refused() -> None:
    with pytest.raises(zstandard.ZstdError):
        decompress(compress(TEXT)[:1] + b"\x00" * 31)
