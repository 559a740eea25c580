# SPDX-License-Identifier: Apache-2.0
"""Prescriptions: what follows what, what is stored, and what two people sign for."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.care.writing import content_of, drafted
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.prescriptions.formulary import (
    ROUTES,
    Item,
    item_content,
    item_in,
    needs_check,
)
from wardkeep.fhir.prescriptions.handed_out import Packet, packet_content, packet_in
from wardkeep.fhir.prescriptions.in_words import in_words
from wardkeep.fhir.prescriptions.moving import (
    BY_TWO,
    NOBODY,
    NOT_CHECKED,
    NOT_SIGNED,
    ON_PAPER,
    OVER,
    OWN_CHECK,
    TOO_LATE,
    after,
    begun,
    can_take_back,
    cannot,
)
from wardkeep.fhir.prescriptions.prescription import (
    CANCELLED,
    CHECKED,
    FREQUENCIES,
    GIVEN,
    KINDS,
    PRINTED,
    RETURNING,
    SIGNED,
    UNDONE,
    WRITTEN,
    Prescription,
    Step,
    prescription_content,
    prescription_in,
    status_of,
)

ANN, BEN, LEE = (
    Person(f"Practitioner/{one}", one.title()) for one in ("ann", "ben", "lee")
)
NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)


def written(schedule: str = "", **more: object) -> Prescription:
    """Ann's, of a minute ago."""
    one = Prescription(
        id="rx",
        patient="pat",
        medicine="Diazepam 2 mg tablets",
        schedule=schedule,
        dose=Decimal("1.50"),
        unit="tablet",
        route="oral",
        often="twice",
        days=3,
        quantity=6,
        supplied="tablets",
        why="Back spasm",
        number="GMC 0000000",
    )
    return begun(msgspec.structs.replace(one, **more), NOW, ANN)


def step(kind: str, by: Person, words: str = "", minutes: int = 1) -> Step:
    return Step(kind=kind, at=NOW + timedelta(minutes=minutes), by=by, words=words)


def signed_twice() -> Prescription:
    one = written("4")
    one = after(one, step(SIGNED, ANN, one.words))
    return after(one, step(CHECKED, BEN, one.words))


def stored_again(one: Prescription) -> Prescription:
    """As it comes back from the store."""
    text = drafted(prescription_content(one)).resource.content
    found = prescription_in(content_of(msgspec.json.encode(text)))
    assert found is not None
    return found


def test_a_controlled_drug_waits_for_both_in_their_order() -> None:
    one = written("2")
    assert cannot(one, PRINTED, ANN, NOW) == NOT_SIGNED
    assert cannot(one, CHECKED, BEN, NOW) == NOT_SIGNED
    one = after(one, step(SIGNED, ANN, one.words))
    assert cannot(one, PRINTED, ANN, NOW) == cannot(one, GIVEN, BEN, NOW) == NOT_CHECKED
    assert cannot(one, CHECKED, ANN, NOW) == OWN_CHECK
    assert status_of(one) == "draft"
    one = after(one, step(CHECKED, BEN, one.words))
    assert cannot(one, PRINTED, LEE, NOW) is None
    assert status_of(one) == "active"


def test_whoever_is_nobody_in_the_record_does_nothing() -> None:
    assert {cannot(written(), kind, Person("", "Ghost"), NOW) for kind in KINDS} == {
        NOBODY
    }


def test_words_that_were_changed_after_the_signatures_were_signed_by_nobody() -> None:
    forged = msgspec.structs.replace(signed_twice(), quantity=600)
    assert signed_twice().is_ready
    assert not forged.is_ready
    assert cannot(forged, PRINTED, LEE, NOW) == NOT_SIGNED


def test_one_paper_or_one_packet() -> None:
    printed = after(written(), step(PRINTED, ANN))
    assert cannot(printed, GIVEN, BEN, NOW) == ON_PAPER
    assert cannot(printed, PRINTED, BEN, NOW) is None
    handed = after(written(), step(GIVEN, BEN))
    assert cannot(handed, PRINTED, ANN, NOW) is not None
    assert cannot(handed, CANCELLED, ANN, NOW) is not None
    assert status_of(handed) == "completed"


def test_a_cancelling_is_taken_back_by_its_doer_for_a_quarter_of_an_hour() -> None:
    gone = after(written(), step(CANCELLED, BEN, "Wrong patient", minutes=0))
    assert cannot(gone, PRINTED, ANN, NOW) == OVER
    assert status_of(gone) == "cancelled"
    assert can_take_back(gone, BEN, NOW + timedelta(minutes=15))
    assert not can_take_back(gone, BEN, NOW + timedelta(minutes=15, seconds=1))
    assert not can_take_back(gone, ANN, NOW)
    again = after(gone, step(UNDONE, BEN))
    assert status_of(again) == "active"
    assert cannot(again, PRINTED, ANN, NOW) is None


@given(
    st.sampled_from(["", "2", "3", "4", "5", "unheard-of"]),
    st.lists(
        st.tuples(
            st.sampled_from(sorted(KINDS - {WRITTEN})), st.sampled_from([ANN, BEN, LEE])
        ),
        max_size=14,
    ),
)
def test_whatever_is_pressed_a_controlled_drug_has_two_people(
    schedule: str, presses: list[tuple[str, Person]]
) -> None:
    """And no prescription is both printed and given."""
    one = written(schedule)
    for nth, (kind, by) in enumerate(presses):
        at = NOW + timedelta(seconds=nth)
        if cannot(one, kind, by, at) is not None:
            continue
        one = after(one, Step(kind=kind, at=at, by=by, words=one.words))
        supplied = {it.kind for it in one.standing} & {PRINTED, GIVEN}
        assert len(supplied) < 2
        if supplied and one.is_controlled:
            people = {
                it.by.reference for it in one.standing if it.kind in (SIGNED, CHECKED)
            }
            assert len(people) == 2
        assert stored_again(one) == one


@given(
    dose=st.decimals("0.001", 9999, places=3),
    route=st.sampled_from(sorted(ROUTES)),
    often=st.sampled_from(sorted(FREQUENCIES)),
    days=st.integers(1, 90),
    quantity=st.integers(1, 9999),
    more=st.sampled_from(["", "With food."]),
    code=st.sampled_from(["", "322236009"]),
    case=st.sampled_from(["", "case"]),
)
def test_what_is_stored_is_what_was_written(**terms: object) -> None:
    one = written("3", **terms)
    assert stored_again(one) == one
    assert str(stored_again(one).dose) == str(one.dose)
    assert one.medicine in one.words
    assert str(one.quantity) in one.words


def test_what_other_software_stopped_is_printed_by_nobody() -> None:
    content = {**prescription_content(written()), "status": "stopped"}
    found = prescription_in(content)
    assert found is not None
    assert cannot(found, PRINTED, ANN, NOW) == OVER
    assert prescription_in({"resourceType": "MedicationRequest"}) is None


def test_a_packet_has_its_batch_and_its_prescription() -> None:
    packet = Packet(
        id="packet", at=NOW, by=BEN, quantity=6, batch="B7", expires="2028-08"
    )
    found = packet_in(packet_content(packet, written()))
    assert found is not None
    assert (found.batch, found.expires, found.quantity) == ("B7", "2028-08", 6)
    assert (found.prescription, found.by.display) == ("rx", "Ben")
    # Nobody's opening is explained by it
    assert found.by.reference == ""


@pytest.mark.parametrize(
    ("schedule", "two"),
    [("", False), ("2", True), ("3", True), ("4", True), ("5", False), ("6", True)],
)
def test_who_needs_a_second_person(schedule: str, *, two: bool) -> None:
    assert needs_check(schedule) is two


def test_a_line_of_the_formulary_comes_back_and_one_that_is_withdrawn_does_not() -> (
    None
):
    item = Item(
        id="m",
        words="Morphine 10 mg/1 ml injection",
        unit="ml",
        supplied="ampoules",
        routes=("sc", "im"),
        schedule="2",
        is_stock=True,
        most_days=7,
        code="322236009",
    )
    content = item_content(item)
    assert item_in(content) == item
    assert item_in({**content, "status": "inactive"}) is None
    assert item_in({**content, "extension": []}) is None


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (7, "seven"),
        (20, "twenty"),
        (28, "twenty-eight"),
        (100, "one hundred"),
        (112, "one hundred and twelve"),
        (1000, "one thousand"),
        (1005, "one thousand and five"),
        (9999, "nine thousand nine hundred and ninety-nine"),
    ],
)
def test_a_quantity_in_words(number: int, words: str) -> None:
    assert in_words(number) == words


@given(st.lists(st.integers(0, 9999), min_size=2, max_size=2, unique=True))
def test_two_quantities_never_read_the_same(pair: list[int]) -> None:
    assert in_words(pair[0]) != in_words(pair[1])


def test_nobody_takes_a_controlled_drug_back_alone() -> None:
    given = after(signed_twice(), step(GIVEN, BEN, minutes=0))
    # Whoever gave it says so, for a quarter of an hour; nobody else does, nor undoes it
    assert cannot(given, UNDONE, BEN, NOW) == BY_TWO
    assert cannot(given, UNDONE, ANN, NOW) == BY_TWO
    assert not can_take_back(given, BEN, NOW)
    assert cannot(given, RETURNING, ANN, NOW) == TOO_LATE
    assert cannot(given, RETURNING, BEN, NOW) is None
    late = NOW + timedelta(minutes=15, seconds=1)
    assert cannot(given, RETURNING, BEN, late) == TOO_LATE
    said = stored_again(after(given, step(RETURNING, BEN, minutes=15)))
    assert status_of(said) == "completed"
    # A second person, within the hour
    then = NOW + timedelta(minutes=75)
    assert cannot(said, UNDONE, BEN, then) == BY_TWO
    assert cannot(said, UNDONE, ANN, then) is None
    assert cannot(said, UNDONE, ANN, then + timedelta(seconds=1)) == BY_TWO
    assert cannot(said, RETURNING, BEN, then) == TOO_LATE
    back = stored_again(after(said, step(UNDONE, ANN, minutes=20)))
    assert back.last(GIVEN) is None
    assert status_of(back) == "active"
    assert cannot(back, GIVEN, ANN, NOW) is None


def test_what_is_no_controlled_drug_is_taken_back_as_before() -> None:
    given = after(written(), step(GIVEN, BEN, minutes=0))
    assert cannot(given, RETURNING, BEN, NOW) == TOO_LATE
    assert cannot(given, UNDONE, ANN, NOW) == TOO_LATE
    assert cannot(given, UNDONE, BEN, NOW) is None
    assert after(given, step(UNDONE, BEN)).last(GIVEN) is None
