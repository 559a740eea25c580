# SPDX-License-Identifier: Apache-2.0
"""A register's chain and balances, on random doings and on forged entries."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.prescriptions.formulary import Item
from wardkeep.fhir.stock.content import (
    Pack,
    Said,
    digests_in,
    said_in,
    stock_content,
)
from wardkeep.fhir.stock.entry import (
    CORRECTED,
    COUNTED,
    DIFFERENT,
    DISPOSED,
    GIVEN,
    RECEIVED,
    Doing,
    Entry,
    Lot,
    Top,
    can_undo,
    entry_after,
    faults_in,
    needs_two,
)

NOW = datetime(2026, 11, 29, 3, 0, 0, 123_456, tzinfo=UTC)
ITEM = Item(id="it", words="Morphine 10 mg/1 ml injection", supplied="ampoules")
PACK = Pack(
    lot="lot-0",
    medicine=ITEM.words,
    supplied="ampoules",
    batch="B7",
    expires="2028-08",
    each=10,
    sender="Wholesaler, 1 Example Road",
)


def doing(kind: str, amount: int, **more: object) -> Doing:
    plain = Doing(
        kind=kind,
        amount=amount,
        at=NOW,
        account="a-1",
        by="Ann Advice",
        source="Basic/x",
    )
    return msgspec.structs.replace(plain, **more)


def written(steps: list[tuple[int, int]]) -> list[Entry]:
    """Entries of a register, of (lot, amount); what there is not so much of is none."""
    lots: dict[int, Lot] = {}
    top, entries = Top(), []
    for lot, amount in steps:
        at = lots.get(lot, Lot(place="Location/x", item="it", id=f"lot-{lot}"))
        kind = RECEIVED if amount > 0 else GIVEN if amount else COUNTED
        entry = entry_after(top, at, doing(kind, amount))
        if entry is None:
            continue
        entries.append(entry)
        top = Top(number=entry.number, balance=entry.balance, digest=entry.digest)
        lots[lot] = msgspec.structs.replace(
            at, number=entry.lot_number, left=entry.left
        )
    return entries


STEPS = st.lists(st.tuples(st.integers(0, 2), st.integers(-30, 30)), max_size=30)


@given(STEPS)
def test_a_register_is_never_below_nothing_and_its_lots_make_its_balance(
    steps: list[tuple[int, int]],
) -> None:
    entries = written(steps)
    left: dict[str, int] = {}
    for entry in entries:
        left[entry.lot] = entry.left
        assert entry.left >= 0
        assert entry.balance == sum(left.values())
    assert not list(faults_in(entries, [one.digest for one in entries]))


@given(STEPS, st.data())
def test_whatever_is_changed_in_one_entry_is_found(
    steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    entries = written([(0, 20), *steps])
    nth = data.draw(st.integers(0, len(entries) - 1))
    name, value = data.draw(
        st.sampled_from(
            [
                ("amount", entries[nth].amount + 1),
                ("balance", entries[nth].balance + 1),
                ("left", entries[nth].left + 1),
                ("kind", DIFFERENT),
                ("lot", "lot-9"),
                ("account", "a-2"),
                ("by", "Somebody else"),
                ("at", NOW + timedelta(seconds=1)),
                ("source", "Basic/y"),
                ("second_by", "A friend"),
            ]
        )
    )
    digests = [one.digest for one in entries]
    forged = [*entries]
    forged[nth] = msgspec.structs.replace(entries[nth], **{name: value})
    assert list(faults_in(forged, digests))
    # With its own digest made anew, the one after it no longer follows
    digests[nth] = forged[nth].digest
    is_last = nth == len(entries) - 1
    assert is_last or list(faults_in(forged, digests))


def test_an_entry_that_is_taken_out_or_put_elsewhere_is_found() -> None:
    entries = written([(0, 20), (0, -5), (1, 7), (0, -5)])
    for some in (
        entries[1:],
        [*entries[:1], *entries[2:]],
        [entries[0], entries[2], entries[1], entries[3]],
    ):
        assert list(faults_in(some, [one.digest for one in some]))


def test_the_digest_is_what_the_format_says() -> None:
    [entry] = written([(0, 20)])
    said = msgspec.json.encode(entry.said).decode()
    assert said == (
        '["wardkeep stock entry 1","Location/x","it",1,"lot-0",1,"received",20,20,20,'
        '"2026-11-29T03:00:00.123+00:00","a-1","Ann Advice","","","Basic/x","",0,0,""]'
    )
    assert entry.digest.hex() == (
        "a6d1070ddc3d3ae4dc7c4b75129ba499c6ccf9bb30df0e047bfadf588b2f1b30"
    )


@pytest.mark.parametrize(
    ("kind", "is_controlled", "two"),
    [
        (DIFFERENT, False, True),
        (DISPOSED, False, False),
        (DISPOSED, True, True),
        (CORRECTED, True, True),
        (GIVEN, True, False),
        (RECEIVED, True, False),
    ],
)
def test_which_entries_take_two_people(
    kind: str, *, is_controlled: bool, two: bool
) -> None:
    assert needs_two(kind, is_controlled=is_controlled) is two


def test_a_slip_is_taken_back_by_whoever_made_it_soon_and_only_as_the_last() -> None:
    [entry] = written([(0, 20)])
    top = Top(number=1, balance=20, digest=entry.digest)
    assert can_undo(entry, top, "a-1", entry.at + timedelta(minutes=15))
    assert not can_undo(entry, top, "a-2", NOW)
    assert not can_undo(entry, top, "a-1", NOW + timedelta(minutes=16))
    assert not can_undo(entry, msgspec.structs.replace(top, number=2), "a-1", NOW)
    controlled = msgspec.structs.replace(entry, is_controlled=True)
    own = msgspec.structs.replace(top, digest=controlled.digest)
    assert not can_undo(controlled, own, "a-1", NOW)


def test_a_delivery_comes_back_as_it_was_written() -> None:
    [entry] = written([(0, 20)])
    said = Said(id="lot-0", pack=PACK, words="", by="Ann Advice")
    content = stock_content(said, [entry], item=ITEM, kind=RECEIVED)
    assert content["resourceType"] == "SupplyDelivery"
    assert said_in(content) == said
    assert digests_in(content) == [entry.digest.hex()]
    assert said_in({"resourceType": "SupplyDelivery", "id": "other"}) is None


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (0, "0 loose"),
        (9, "9 loose"),
        (10, "1 packet of 10"),
        (25, "2 packets of 10 and 5 loose"),
    ],
)
def test_what_is_left_is_said_in_packets(left: int, said: str) -> None:
    assert PACK.packets(left) == said


def test_a_packet_is_used_up_to_the_end_of_its_month() -> None:
    assert not PACK.is_expired(NOW.date().replace(year=2028, month=8, day=31))
    assert PACK.is_expired(NOW.date().replace(year=2028, month=9, day=1))
