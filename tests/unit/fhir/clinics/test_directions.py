# SPDX-License-Identifier: Apache-2.0
"""Directions go into a Location and come out of it; whatever else it says stays."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.clinics.directions import (
    PARTS,
    Directions,
    Said,
    directions_in,
    with_directions,
)
from wardkeep.fhir.clinics.places import place_of
from wardkeep.fhir.validation import check

LOCATION: dict[str, Any] = {
    "resourceType": "Location",
    "id": "clinic-3",
    "status": "active",
    "name": "Clinic 3",
    "extension": [{"url": "https://example.org/floor", "valueInteger": 2}],
}
TEXT = msgspec.json.encode(LOCATION)
WORDS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x9FF, categories=("L", "N")),
    min_size=1,
    max_size=30,
)
TEXTS = st.dictionaries(st.sampled_from(["cy", "pl", "ar", "ur"]), WORDS)


@given(
    st.dictionaries(
        st.sampled_from(PARTS),
        st.builds(lambda english, others: {"en": english, **others}, WORDS, TEXTS),
    )
)
def test_what_was_written_is_read_and_the_rest_stays(
    texts: dict[str, dict[str, str]],
) -> None:
    directions = Directions(texts=texts)
    made = with_directions(TEXT, directions, "clinic-3")
    assert check(made.resource) == ()
    content: dict[str, Any] = msgspec.json.decode(made.resource.compact)
    assert directions_in(content).texts == texts
    assert LOCATION["extension"][0] in content["extension"]
    # Written a second time, nothing is said twice; taken away, nothing is left
    again = with_directions(made.resource.compact, directions, "clinic-3")
    assert msgspec.json.decode(again.resource.compact) == content
    bare = with_directions(made.resource.compact, Directions(), "clinic-3")
    assert msgspec.json.decode(bare.resource.compact) == LOCATION


def test_what_is_not_translated_is_said_in_english_and_so_marked() -> None:
    directions = Directions(texts={"area": {"en": "blue chairs", "pl": "krzesła"}})
    assert directions.said("area", "pl") == Said(text="krzesła", language="pl")
    assert directions.said("area", "ar") == Said(text="blue chairs", language="en")
    assert directions.said("way", "pl") is None


@pytest.mark.parametrize(
    "extension",
    [
        {"url": "urn:wardkeep:directions:area"},
        {"url": "urn:wardkeep:directions:area", "valueInteger": 3},
        {"url": "urn:wardkeep:directions:area", "_valueString": {"id": "x"}},
        {
            "url": "urn:wardkeep:directions:area",
            "_valueString": {"extension": [{"url": "urn:x", "valueCode": "pl"}]},
        },
        {"url": "urn:wardkeep:directions:elsewhere", "valueString": "no"},
    ],
)
def test_what_is_written_otherwise_says_nothing_and_breaks_nothing(
    extension: dict[str, Any],
) -> None:
    text = msgspec.json.encode({**LOCATION, "extension": [extension]})
    place = place_of("clinic-3", text)
    assert place.name == "Clinic 3"
    assert place.directions.said("area", "en") is None
    assert place_of("x", b"not json").name == "A place without a name"
