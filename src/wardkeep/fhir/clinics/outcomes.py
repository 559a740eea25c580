# SPDX-License-Identifier: Apache-2.0
"""What comes of checking in, calling and booking: every plain answer, none an error."""

from datetime import date, datetime

import msgspec

from wardkeep.fhir.clinics.words import Channel, Note, ShownAs, Standing


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One appointment of a day, as it stands: ids, codes and times."""

    appointment: str
    patient: str
    place: str
    """The id of a Location."""
    day: date
    """In London."""
    starts_at: datetime
    ends_at: datetime
    status: str
    """Of the Appointment."""
    entry: int = 0
    """The number of its place in the queue; 0: none yet."""
    ticket: int = 0
    """What they are called by in the clinic that day; 0: none yet."""
    entry_status: str = ""
    arrived_at: datetime | None = None
    changed_at: datetime | None = None
    priority: int = 0
    """0 as they came, 1 sooner, 2 at once."""
    weight: int = 0
    note: Note = Note.NONE
    room: str = ""
    shown_as: ShownAs = ShownAs.NUMBER
    is_elsewhere: bool = False
    """Whether they are called or seen in another clinic just now."""

    @property
    def standing(self) -> Standing:
        """The queue knows best who is here; the Appointment what came of it."""
        if self.entry_status in ("waiting", "called", "in-room", "seen", "left"):
            return Standing(self.entry_status)
        if self.status in ("cancelled", "entered-in-error"):
            return Standing.CANCELLED
        if self.status == "noshow":
            return Standing.NO_SHOW
        return Standing.SEEN if self.status == "fulfilled" else Standing.EXPECTED


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody goes, in the order of their day."""

    appointment: str
    place: str
    starts_at: datetime
    ticket: int


class CheckedIn(msgspec.Struct, frozen=True, kw_only=True):
    """They are here; the first stop is where they sit down."""

    at: datetime
    route: tuple[Stop, ...]


class AlreadyIn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, or they themselves, did it before."""

    at: datetime
    channel: Channel
    standing: Standing
    route: tuple[Stop, ...]


class TooEarly(msgspec.Struct, frozen=True, kw_only=True):
    """It is hours away: when to come back."""

    come_back_at: datetime
    starts_at: datetime


class TooLate(msgspec.Struct, frozen=True, kw_only=True):
    """The desk decides whether they can still be seen."""

    starts_at: datetime


class WrongSite(msgspec.Struct, frozen=True, kw_only=True):
    """It is today and somewhere else."""

    place: str
    starts_at: datetime


class WrongDay(msgspec.Struct, frozen=True, kw_only=True):
    """It is on another day."""

    starts_at: datetime


class NotOn(msgspec.Struct, frozen=True, kw_only=True):
    """It was cancelled, or is over."""

    standing: Standing
    starts_at: datetime


Arrival = CheckedIn | AlreadyIn | TooEarly | TooLate | WrongSite | WrongDay | NotOn


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """It was done; how the appointment stands now."""

    line: Line


class NotSo(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else was first, or it is too late: how it stands now."""

    line: Line


class NoSuchAppointment(msgspec.Struct, frozen=True, kw_only=True):
    """There is none of this id in a clinic of the organisation."""


class FreeSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A time that nobody has booked."""

    id: str
    schedule: str
    starts_at: datetime
    ends_at: datetime


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """It is in the diary."""

    appointment: str
    starts_at: datetime


class SlotTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else has just booked it: the next free ones."""

    free: tuple[FreeSlot, ...]
