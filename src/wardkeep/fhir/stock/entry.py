# SPDX-License-Identifier: Apache-2.0
"""An entry of a stock register, the chain that it stands in, and what may follow.

Misuse of Drugs Regulations 2001, regulations 19 and 20
(https://www.legislation.gov.uk/uksi/2001/3998): entries in order of time, a part of the
register for each medicine, nothing altered, corrections as entries of their own. A
register is one medicine at one place; each delivery in it, a lot, is followed by itself
(docs/formats/stock.md). Pure: what is written is the database's to take or refuse.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

RECEIVED, MOVED_IN, MOVED_OUT = "received", "moved-in", "moved-out"
GIVEN, RETURNED, DISPOSED = "given", "returned", "disposed"
COUNTED, DIFFERENT, CORRECTED = "counted", "different", "corrected"
KINDS = {
    RECEIVED: "Received",
    MOVED_IN: "Moved here",
    MOVED_OUT: "Moved away",
    GIVEN: "Given to a patient",
    RETURNED: "Taken back: the entry before",
    DISPOSED: "Disposed of",
    COUNTED: "Counted: as it should be",
    DIFFERENT: "Counted: a difference",
    CORRECTED: "Corrected",
}
BY_TWO = frozenset({DISPOSED, CORRECTED})
"""Of a controlled drug two people do it; a difference takes two whatever it is of."""
UNDO_WITHIN = timedelta(minutes=15)
UNDONE_HERE = frozenset({RECEIVED, DISPOSED})
"""What may be taken back on its own page: what was given is taken back where it was
given, and what was moved is moved back."""
SOON = timedelta(days=31)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. Amounts are in what the formulary supplies the medicine in."""

    place: str
    """As `Location/x`, a treatment centre, or `CareTeam/x`, a car."""
    item: str
    """The id of the formulary's line."""
    lot: str
    """The delivery: the id of the SupplyDelivery that brought it."""
    number: int
    """From 1, within the register."""
    lot_number: int
    """From 1, within the lot at this place."""
    kind: str
    amount: int
    balance: int
    """Of the register, after it."""
    left: int
    """Of the lot, after it."""
    at: datetime
    account: str
    by: str
    second: str = ""
    second_by: str = ""
    source: str
    """The resource that says more, as `SupplyDelivery/x`."""
    about: str = ""
    """Of what was given: the MedicationRequest's id."""
    corrects: int = 0
    """The number of the entry that it takes back or corrects; 0: none."""
    is_controlled: bool = False
    before: bytes = b""
    """The digest of the entry before; empty: it is the first."""

    @property
    def said(self) -> tuple[str | int, ...]:
        """All of it, in the order in which it is hashed."""
        return (
            *("wardkeep stock entry 1", self.place, self.item, self.number),
            *(self.lot, self.lot_number, self.kind, self.amount, self.balance),
            *(self.left, self.at.astimezone(UTC).isoformat(timespec="milliseconds")),
            *(self.account, self.by, self.second, self.second_by, self.source),
            *(self.about, self.corrects, int(self.is_controlled), self.before.hex()),
        )

    @property
    def digest(self) -> bytes:
        """SHA-256 of it as a JSON array, the digest of the one before included."""
        return hashlib.sha256(msgspec.json.encode(self.said)).digest()


class Top(msgspec.Struct, frozen=True, kw_only=True):
    """Where a register ends: what the next entry follows."""

    number: int = 0
    balance: int = 0
    digest: bytes = b""


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery at a place, as its last entry there leaves it."""

    place: str = ""
    item: str = ""
    id: str
    number: int = 0
    left: int = 0


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is about to write into a register."""

    kind: str
    amount: int
    at: datetime
    account: str
    by: str
    source: str
    second: str = ""
    second_by: str = ""
    about: str = ""
    corrects: int = 0
    is_controlled: bool = False


def entry_after(top: Top, lot: Lot, doing: Doing) -> Entry | None:
    """The next entry of a register; None where there is not so much of it."""
    balance, left = top.balance + doing.amount, lot.left + doing.amount
    if balance < 0 or left < 0:
        return None
    return Entry(
        place=lot.place,
        item=lot.item,
        lot=lot.id,
        number=top.number + 1,
        lot_number=lot.number + 1,
        balance=balance,
        left=left,
        before=top.digest,
        **{
            **msgspec.structs.asdict(doing),
            # As it is stored, so that it is hashed as it is read again.
            "at": doing.at.replace(microsecond=doing.at.microsecond // 1000 * 1000),
        },
    )


def needs_two(kind: str, *, is_controlled: bool) -> bool:
    """Whether a second person has to find so too before it is written."""
    return kind == DIFFERENT or (is_controlled and kind in BY_TWO)


def can_undo(entry: Entry, top: Top, account: str, now: datetime) -> bool:
    """Whether somebody may take back an entry by a press: it has to be the last.

    Of a controlled drug nothing is taken back: it is corrected, by two.
    """
    is_recent = timedelta(0) <= now - entry.at <= UNDO_WITHIN
    is_last = entry.number == top.number and entry.digest == top.digest
    is_theirs = entry.account == account and not entry.is_controlled
    return entry.kind in UNDONE_HERE and is_recent and is_last and is_theirs


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Where a register does not hold, in words."""

    place: str
    item: str
    number: int
    words: str


def faults_in(entries: Sequence[Entry], digests: Sequence[bytes]) -> Iterable[Fault]:
    """What is wrong with one register, its entries in order with stored digests.

    It trusts no constraint of the database: whoever can edit it can drop those.
    """
    top = Top()
    lots: dict[str, tuple[int, int]] = {}
    for entry, stored in zip(entries, digests, strict=True):
        number, left = lots.get(entry.lot, (0, 0))
        for is_wrong, words in (
            (entry.number != top.number + 1, "an entry before it is missing"),
            (entry.before != top.digest, "the entry before it was changed"),
            (entry.balance != top.balance + entry.amount, "its balance is wrong"),
            (entry.left != left + entry.amount, "what is left of the lot is wrong"),
            (entry.lot_number != number + 1, "an entry of its lot is missing"),
            (entry.digest != stored, "it was changed after it was written"),
        ):
            if is_wrong:
                yield Fault(
                    place=entry.place, item=entry.item, number=entry.number, words=words
                )
        top = Top(number=entry.number, balance=entry.balance, digest=stored)
        lots[entry.lot] = (entry.lot_number, entry.left)
