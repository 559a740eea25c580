# SPDX-License-Identifier: Apache-2.0
"""A way into a home as a resource: what is written is read again; what is sealed."""

from datetime import date

import msgspec
import pytest

from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.home.way_in import (
    VERY_RESTRICTED,
    WayIn,
    read_way_in,
    way_in_resource,
)
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.store.draft import draft_of, is_sealed
from wardkeep.fhir.validation import check
from wardkeep.fhir.validation.entry_codes import entry_codes_in

DAY = date(2026, 11, 23)
KIND = b'{"extension": [{"url": "urn:wardkeep:way-in:kind", "valueCode": "door"}'
WHOLE = WayIn(
    kind="key-safe",
    code="C4821Y",
    where="Left of the back door",
    notes="Turn the dial on",
    backup="Ned Reed, 01632 960 123",
    call="On call, 01632 960 100",
    agreed_on=DAY,
    reviewed_on=DAY,
)


@pytest.mark.parametrize("way_in", [WHOLE, WayIn(kind="key-holder")])
def test_what_is_written_is_read_again(way_in: WayIn) -> None:
    made = way_in_resource(way_in, patient="p-1", id_="way-1", created=DAY)
    assert check(made) == ()
    assert read_way_in(made.compact) == way_in


def test_it_goes_into_the_sealed_tier_and_nothing_is_written_beside_it() -> None:
    made = way_in_resource(WHOLE, patient="p-1", id_="way-1", created=DAY)
    draft = draft_of(made, "way-1")
    assert draft.tier is Tier.SEALED
    assert draft.owner == "p-1"
    assert draft.secrets == ()
    assert draft.clinical_at is None
    assert is_sealed(made)


def test_without_its_label_it_is_found_to_hold_a_code() -> None:
    made = way_in_resource(WHOLE, patient="p-1", id_="way-1", created=DAY)
    content = {**made.content, "meta": {}}
    content["extension"] = [{"url": "urn:x", "valueString": "Key safe 4821"}]
    bare = parse(msgspec.json.encode(content))
    assert isinstance(bare, Resource)
    assert not is_sealed(bare)
    assert entry_codes_in(bare)


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"no json",
        b'{"extension": [{"url": "urn:wardkeep:way-in:code", "valueString": "1"}]}',
        KIND + b', {"url": "urn:wardkeep:way-in:agreed_on", "valueDate": "2026"}]}',
    ],
)
def test_what_is_written_in_another_way_is_none(text: bytes) -> None:
    assert read_way_in(text) is None


def test_a_kind_that_is_not_known_is_some_other() -> None:
    text = b'{"extension": [{"url": "urn:wardkeep:way-in:kind", "valueCode": "moat"}]}'
    assert read_way_in(text) == WayIn(kind="other")
    assert VERY_RESTRICTED["code"] == "V"
