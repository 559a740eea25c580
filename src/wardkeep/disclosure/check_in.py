# SPDX-License-Identifier: Apache-2.0
"""Messages of people who check themselves in: facts, and a ticket for one patient.

A ticket is what two facts about one person give who is expected where they stand: for
minutes, for what checking in needs, and for nobody else.
"""

from typing import TypeAlias

from wardkeep.disclosure.kiosk_packs import KioskPack, KioskPackQuestion
from wardkeep.disclosure.message import Message


class AskCheckIn(Message, frozen=True):
    """A kiosk's one question: facts that a person typed, and no name comes back."""

    session: str
    born: str
    """YYYY-MM-DD."""
    family: str
    """How the surname begins: three letters, or all of a shorter one."""
    given: str = ""
    """The same of the first name; asked for where the others name two people."""


class AskByLink(Message, frozen=True):
    """The same question with a link's secret in the place of a device's key."""

    secret: str
    born: str
    family: str


class NewCheckInLink(Message, frozen=True):
    """A link for one patient's one appointment. Gives its secret, once (`Created`)."""

    session: str
    patient: str
    appointment: str
    until: int
    """UTC microseconds since 1970; it ends then if it was not used."""


class AskTicket(Message, frozen=True):
    """Whom a ticket is for."""

    session: str


class AskKiosk(Message, frozen=True):
    """Which kiosk this is; it may call for help. The answer is a `TicketView`."""

    session: str


class EndTicket(Message, frozen=True):
    """Done, or gone away: the ticket is worth nothing from now on."""

    session: str


CheckInQuestion: TypeAlias = (
    AskCheckIn
    | AskByLink
    | NewCheckInLink
    | AskTicket
    | AskKiosk
    | EndTicket
    | KioskPackQuestion
)


class CheckInAnswer(Message, frozen=True):
    """One of a fixed set; it never says who somebody is."""

    outcome: str
    """`go-on`, `one-more` (ask the first name too), `go-to-the-desk`, `wait`."""
    ticket: str = ""
    """With `go-on`: the secret of a session for this one patient."""


class TicketView(Message, frozen=True):
    """What a ticket is good for."""

    account: str
    """The program in whose name it is done."""
    patient: str
    appointment: str
    """The one that a link was made for; empty: a kiosk does not know."""
    organisation: int
    device: str
    """The kiosk's name; empty: a phone."""
    places: tuple[str, ...]
    """References that the kiosk's team stands for; empty: anywhere."""
    until: int
    """UTC microseconds since 1970."""


CheckInReply: TypeAlias = CheckInAnswer | TicketView | KioskPack
