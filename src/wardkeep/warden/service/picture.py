# SPDX-License-Identifier: Apache-2.0
"""The picture of the day, and the walk that finds whatever is slow."""

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Answer
from wardkeep.disclosure.pulse import HourView, PulseRead, ReadPulse, UnusualView
from wardkeep.identity.roles import GUARDED
from wardkeep.ledger.log import Ledger
from wardkeep.warden import alarms
from wardkeep.warden.alarms import Alarm
from wardkeep.warden.directory import Directory
from wardkeep.warden.patrol import Patrol, Slow
from wardkeep.warden.pulse import Pulse, Unusual
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.sessions import Sessions
from wardkeep.warden.walk import Walk


class Picture:
    """Walks behind the openings and shows what it saw."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        sessions: Sessions,
        watch: Watch,
        directory: Directory,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._watch = watch
        self._directory = directory
        self._clock = clock
        self._pulse = Pulse()
        patrol = Patrol(watch.limits, self._tell)
        self._walk = Walk(ledger, (patrol, self._pulse))
        self.desk = Desk(later={ReadPulse: self._read}, saves=(self._go_on,))

    async def _go_on(self) -> None:
        await self._walk.go_on(self._now())

    def _now(self) -> int:
        return microseconds_since_epoch(self._clock.now())

    def _tell(self, slow: Slow) -> None:
        now = self._clock.now()
        words = (
            f"{slow.patients} different people in four weeks that nothing explains;"
            f" usual are {slow.most} at most"
        )
        self._watch.alarms.keep(
            Alarm(
                id=new_uuid(),
                organisation=slow.organisation,
                kind=alarms.SLOW,
                account=slow.account,
                session="",
                patient="",
                detail=words,
                entry=slow.entry,
                raised_at=now,
                due_at=now + alarms.REVIEW_WITHIN,
            )
        )

    async def _read(self, asked: ReadPulse) -> Answer:
        session = self._sessions.glance(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if session.role not in GUARDED:
            return NOT_YOUR_WORK
        await self._go_on()
        now, where = self._now(), session.organisation
        others, most, at_work, is_tripped = self._watch.breaker_of(session)
        return PulseRead(
            at=now,
            hours=tuple(
                HourView(
                    at=at,
                    explained=one.explained,
                    reasoned=one.reasoned,
                    glass=one.glass,
                    listed=one.listed,
                    refused=one.refused,
                    printed=one.printed,
                    copied=one.copied,
                    sent=one.sent,
                )
                for at, one in self._pulse.hours(where, now)
            ),
            unusual=tuple(map(self._view, self._pulse.unusual(where, now))),
            others=others,
            breaker=most,
            at_work=at_work,
            is_tripped=is_tripped,
            is_behind=self._walk.is_behind,
        )

    def _view(self, one: Unusual) -> UnusualView:
        return UnusualView(
            account=one.account,
            who=self._directory.display_name(one.account),
            role=self._directory.role_title(one.role),
            today=one.today,
            usual=one.usual,
        )
