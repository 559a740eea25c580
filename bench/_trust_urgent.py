# SPDX-License-Identifier: Apache-2.0
"""Urgent care in a trust's week: calls, cases of the queue, an emergency department.

Published (domain.md, F.1): half of the callers are triaged again by a clinician; of
triaged calls 8 to 9% go to an emergency department and 61 to 63% to primary care. The
rest is supposed: that six callers of ten have a record here; that 45 calls of a hundred
are referred by message with what was asked; that one shift in twenty has 45 calls; that
an arrival is registered within twenty minutes, as often late as other items are; that
one in five whom nobody has registered yet cannot wait. On the bad night, a Saturday,
eighteen people more are called in, six of ten arrivals are opened before they are
registered, and half of these cannot wait; and at ten a coach brings forty people whom
six of the staff open within a quarter of an hour, eight each, none of them registered.
"""

from datetime import datetime, timedelta

from bench._trust_day import (
    Day,
    Leaving,
    Opening,
    contact,
    entry,
)
from bench._trust_people import Worker
from wardkeep.disclosure.purpose import Action

CLINIC_IN_100, KNOWN_IN_100, SENT_IN_100 = 50, 60, 45
LONG_IN_100, LONG_CALLS = 5, 45
ARRIVES_ANEW_IN_100, WAITS_HOURS = 60, 5
CANNOT_WAIT_IN_100 = 20
BAD_NIGHT, BAD_HOUR = 5, 19
BAD_LATE_IN_100, BAD_CANNOT_WAIT_IN_100 = 60, 50
BAD_CHARTS, BAD_HOURS, CALLED_IN_OF_140 = (15, 25), 6, 18
COACH_HOUR, COACH_STAFF, COACH_EACH, COACH_MINUTES, COACH_PEOPLE = 22, 6, 8, 15, 40
ALONG = ("Patient", "Encounter", "QuestionnaireResponse", "Observation", "Flag")
_MINUTE = timedelta(minutes=1)


class Urgent:
    """Calls, and what waits in the queue."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._waiting: list[tuple[datetime, str]] = []

    def call(self, who: Worker, at: datetime) -> None:
        """It begins in a record held for nobody, and goes on in the caller's."""
        day, chance = self._day, self._day.chance
        held = patient = day.new("u")
        day.write(at, held, contact("VR", at, who.reference), by=who.account)
        is_known = chance.happens(KNOWN_IN_100)
        sent = (Leaving(Action.SEND, ALONG),) if chance.happens(SENT_IN_100) else ()
        first = Opening(at, who, held, "call", leaves=() if is_known else sent)
        day.happenings.append(first)
        if is_known:
            patient = day.anybody()
            said = f"Their call, answered at {at:%H:%M}"
            day.happenings.append(
                Opening(
                    at + _MINUTE, who, patient, "caller", is_listed=False, said=said
                )
            )
            begun = contact("VR", at, who.reference)
            day.write(at + 2 * _MINUTE, patient, begun, by=who.account)
            ended = Opening(at + 13 * _MINUTE, who, patient, "call", leaves=sent)
            day.happenings.append(ended)
        if chance.happens(CLINIC_IN_100):
            at += 13 * _MINUTE
            day.write(at, patient, entry(who.team, at), by=who.account)
            self._waiting.append((at, patient))

    def case(self, who: Worker, at: datetime) -> str:
        """What has waited longest; where nothing does, one that a partner sent."""
        self._waiting.sort()
        if self._waiting and self._waiting[0][0] < at:
            return self._waiting.pop(0)[1]
        patient, since = self._day.new("p"), at - timedelta(minutes=30)
        self._day.write(since, patient, entry(who.team, since))
        return patient

    def forget(self, before: datetime) -> None:
        """Whatever waited overnight was dealt with by somebody else."""
        self._waiting = [one for one in self._waiting if one[0] > before]


class Emergency:
    """Who comes to an emergency department, and who opens whom there."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._here: list[tuple[datetime, str]] = []
        self.is_bad = False

    def arrival(self, who: Worker, at: datetime) -> tuple[str, bool]:
        """Somebody who is there, and whether they cannot wait for their place."""
        day, chance = self._day, self._day.chance
        earliest = at - timedelta(hours=WAITS_HOURS)
        here = [one for when, one in self._here if earliest < when < at]
        if here and not chance.happens(ARRIVES_ANEW_IN_100):
            day.is_listed = True
            return chance.pick(here), False
        patient = day.anybody() if chance.happens(KNOWN_IN_100) else day.new("e")
        late = BAD_LATE_IN_100 if self.is_bad else day.published.late_in_100
        is_late = chance.happens(late)
        minutes = chance.below(20 if not is_late else 60 if self.is_bad else 30) + 1
        registered = at + minutes * _MINUTE * (1 if is_late else -1)
        day.write(registered, patient, contact("EMER", at, place=who.team))
        self._here.append((max(at, registered), patient))
        day.is_listed = not is_late
        pressing = BAD_CANNOT_WAIT_IN_100 if self.is_bad else CANNOT_WAIT_IN_100
        return patient, is_late and chance.happens(pressing)

    def bad_night(self, staff: list[Worker], midnight: datetime) -> None:
        """Everybody who can be reached comes, and registering does not keep up."""
        self.is_bad = True
        day, chance = self._day, self._day.chance
        begins = midnight + timedelta(hours=BAD_HOUR)
        for n in range(max(2, len(staff) * CALLED_IN_OF_140 // 140)):
            # One in three a doctor: staff lists nurses first.
            who = staff[-1 - n // 3] if n % 3 == 0 else staff[n]
            for _ in range(chance.between(*BAD_CHARTS)):
                at = begins + chance.below(BAD_HOURS * 60) * _MINUTE
                patient, cannot_wait = self.arrival(who, at)
                label = "arrival, bad night"
                found = Opening(at, who, patient, label, day.is_listed, cannot_wait)
                day.happenings.append(found)
        self.is_bad = False
        self._coach(staff[-2:] + staff[: COACH_STAFF - 2], midnight)

    def _coach(self, staff: list[Worker], midnight: datetime) -> None:
        """An accident: nobody is registered before they are looked at."""
        day, chance = self._day, self._day.chance
        comes = midnight + timedelta(hours=COACH_HOUR)
        hurt = [day.anybody() for _ in range(COACH_PEOPLE)]
        for who in staff:
            for _ in range(COACH_EACH):
                at = comes + timedelta(seconds=chance.below(COACH_MINUTES * 60))
                found = Opening(
                    *(at, who, chance.pick(hurt), "coach"),
                    is_listed=False,
                    is_emergency=True,
                )
                day.happenings.append(found)
        for one in hurt:
            day.write(
                comes + timedelta(hours=1), one, contact("EMER", comes, place=who.team)
            )

    def forget(self, before: datetime) -> None:
        self._here = [one for one in self._here if one[0] > before]
