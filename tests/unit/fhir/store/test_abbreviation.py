# SPDX-License-Identifier: Apache-2.0
"""What the row says is left out of the body, and comes back."""

from datetime import UTC, datetime

from hypothesis import given, strategies as st

from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.model.strict_json import compact_json
from wardkeep.fhir.store.abbreviation import abbreviate, expand
from wardkeep.fhir.store.stamping import Stamp, stamped

OWNER = "0ef7a3b5-53ee-e765-10e2-c63a904ad0fd"
STAMP = Stamp(
    type="Observation",
    id="11111111-2222-3333-4444-555555555555",
    version=3,
    last_updated=datetime(2026, 11, 1, 9, 30, 15, 123_456, tzinfo=UTC),
)


def resource(text: str) -> Resource:
    found = parse(text.encode())
    assert isinstance(found, Resource)
    return found


def test_a_body_does_not_repeat_what_its_row_says() -> None:
    one = resource(
        f'{{"resourceType":"Observation","id":"{STAMP.id}",'
        f'"subject":{{"reference":"Patient/{OWNER}"}}}}'
    )
    whole = stamped(one, STAMP)
    short = abbreviate(whole, STAMP, owner=OWNER)
    assert short == b'\x03},"subject":{"reference":"\x01"}}'
    assert expand(short, STAMP, owner=OWNER) == whole
    assert b'"versionId":"3","lastUpdated":"2026-11-01T09:30:15.123Z"' in whole


def test_what_is_sent_without_an_id_is_stamped_as_if_it_had_one() -> None:
    rest = '"status":"final","_id":{"extension":[]}'
    bare = resource(f'{{"resourceType":"Observation",{rest}}}')
    named = resource(f'{{"resourceType":"Observation","id":"{STAMP.id}",{rest}}}')
    assert stamped(bare, STAMP) == stamped(named, STAMP)
    nothing = resource('{"resourceType":"Observation"}')
    assert parse(stamped(nothing, STAMP)) == parse(STAMP.head + b"}}")


def test_its_own_meta_is_kept_behind_the_stamp() -> None:
    one = resource(
        f'{{"resourceType":"Observation","id":"{STAMP.id}",'
        '"meta":{"source":"urn:x","versionId":"77"},"status":"final"}'
    )
    whole = stamped(one, STAMP)
    assert b'"versionId":"77"' not in whole
    assert b'"source":"urn:x"' in whole
    assert expand(abbreviate(whole, STAMP, owner=OWNER), STAMP, owner=OWNER) == whole


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(note: str) -> None:
    if "\0" in note:
        return
    one = Resource(
        "Observation", None, {"note": note}, b'{"note":"%b"}' % _escaped(note)
    )
    whole = stamped(one, STAMP)
    assert expand(abbreviate(whole, STAMP, owner=OWNER), STAMP, owner=OWNER) == whole


def _escaped(note: str) -> bytes:
    return compact_json(note)[1:-1]
