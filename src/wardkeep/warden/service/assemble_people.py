# SPDX-License-Identifier: Apache-2.0
"""Puts the desks about people together: who they are, what is theirs, who may what."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Database
from wardkeep.disclosure.limits import SetBudget
from wardkeep.disclosure.support import GrantSupport
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.warden.directory import Directory
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.batch import Batch
from wardkeep.warden.service.ceremonies import Ceremonies
from wardkeep.warden.service.confirming import Confirming
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.enrolling import Enrolling
from wardkeep.warden.service.entrance import Entrance
from wardkeep.warden.service.key_proofs import KeyProofs
from wardkeep.warden.service.kiosks import Kiosks
from wardkeep.warden.service.limits_office import LimitsOffice
from wardkeep.warden.service.links import LinkOffice
from wardkeep.warden.service.own_sessions import OwnSessions
from wardkeep.warden.service.own_work import OwnWork
from wardkeep.warden.service.provisioning import Provisioning
from wardkeep.warden.service.rights import Rights
from wardkeep.warden.service.support import SupportOffice
from wardkeep.warden.service.telephone import TelephoneDesk
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.waking import Waking
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.service.who_is_who import WhoIsWho
from wardkeep.warden.service.workforce import Workforce
from wardkeep.warden.service.workplaces import Workplaces
from wardkeep.warden.sessions import Sessions
from wardkeep.warden.support_grants import SupportGrants


class PeopleParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the desks about people work with."""

    database: Database
    sessions: Sessions
    directory: Directory
    expected: ExpectedSets
    admission: Admission
    ceremonies: Ceremonies
    trace: Trace
    batch: Batch
    proofs: KeyProofs
    grants: SupportGrants
    watch: Watch
    acting: Sequence[Desk]
    """Desks of others whose acts are confirmed in the same way."""
    clock: Clock


class PeopleDesks(NamedTuple):
    """The desks, and the one that the operator's office uses too."""

    desks: tuple[Desk, ...]
    own_sessions: OwnSessions
    for_the_operator: Desk


def make_people_desks(parts: PeopleParts) -> PeopleDesks:
    """Everything about people; a dangerous act of any desk goes through Confirming."""
    entrance, enrolling = _ways_in(parts)
    rights, workforce, offices = _rights(parts)
    own_sessions = OwnSessions(sessions=parts.sessions, admission=parts.admission)
    who_is_who = _who_is_who(parts)
    kiosks = Kiosks(
        database=parts.database,
        sessions=parts.sessions,
        admission=parts.admission,
        directory=parts.directory,
        expected=parts.expected,
        trace=parts.trace,
        clock=parts.clock,
    )
    confirming = Confirming(
        database=parts.database,
        sessions=parts.sessions,
        ceremonies=parts.ceremonies,
        budgets=parts.watch.budgets,
        trace=parts.trace,
        clock=parts.clock,
        written=parts.batch.written,
        desks=(
            enrolling,
            rights.desk,
            workforce.desk,
            kiosks.desk,
            who_is_who.desk,
            *parts.acting,
        ),
    )
    desks = (
        entrance,
        enrolling,
        own_sessions.desk,
        Waking(
            sessions=parts.sessions,
            admission=parts.admission,
            ceremonies=parts.ceremonies,
            budgets=parts.watch.budgets,
            trace=parts.trace,
        ).desk,
        rights.desk,
        workforce.desk,
        *offices,
        kiosks.desk,
        Provisioning(
            database=parts.database,
            sessions=parts.sessions,
            workforce=workforce,
            names=parts.directory,
            trace=parts.trace,
            clock=parts.clock,
        ).desk,
        *_places(parts, who_is_who),
        confirming.desk,
    )
    return PeopleDesks(desks, own_sessions, who_is_who.operator_desk)


def _who_is_who(parts: PeopleParts) -> WhoIsWho:
    return WhoIsWho(
        database=parts.database,
        expected=parts.expected,
        trace=parts.trace,
        clock=parts.clock,
    )


def _ways_in(parts: PeopleParts) -> tuple[Desk, Desk]:
    entrance = Entrance(
        database=parts.database,
        admission=parts.admission,
        ceremonies=parts.ceremonies,
        proofs=parts.proofs,
        clock=parts.clock,
    )
    enrolling = Enrolling(
        database=parts.database,
        sessions=parts.sessions,
        admission=parts.admission,
        ceremonies=parts.ceremonies,
        trace=parts.trace,
        clock=parts.clock,
    )
    return entrance.desk, enrolling.desk


def _rights(parts: PeopleParts) -> tuple[Rights, Workforce, tuple[Desk, ...]]:
    support = SupportOffice(
        database=parts.database,
        sessions=parts.sessions,
        admission=parts.admission,
        directory=parts.directory,
        grants=parts.grants,
        trace=parts.trace,
        clock=parts.clock,
    )
    limits = LimitsOffice(
        sessions=parts.sessions,
        limits=parts.watch.limits,
        directory=parts.directory,
        trace=parts.trace,
        clock=parts.clock,
    )
    links = LinkOffice(directory=parts.directory, clock=parts.clock)
    rights = Rights(
        database=parts.database,
        sessions=parts.sessions,
        admission=parts.admission,
        directory=parts.directory,
        links=links,
        offices={GrantSupport: support, SetBudget: limits},
        limits=parts.watch.limits,
        trace=parts.trace,
        clock=parts.clock,
    )
    workforce = Workforce(
        database=parts.database,
        sessions=parts.sessions,
        admission=parts.admission,
        expected=parts.expected,
        links=links,
        trace=parts.trace,
        clock=parts.clock,
    )
    return rights, workforce, (support.desk, limits.desk)


def _places(parts: PeopleParts, who_is_who: WhoIsWho) -> tuple[Desk, ...]:
    workplaces = Workplaces(
        database=parts.database,
        sessions=parts.sessions,
        directory=parts.directory,
        who_is_who=who_is_who,
        trace=parts.trace,
        clock=parts.clock,
    )
    own_work = OwnWork(
        database=parts.database,
        sessions=parts.sessions,
        admission=parts.admission,
        budgets=parts.watch.budgets,
        trace=parts.trace,
        clock=parts.clock,
    )
    telephone = TelephoneDesk(
        sessions=parts.sessions,
        names=parts.directory,
        watch=parts.watch,
        trace=parts.trace,
        clock=parts.clock,
    )
    return workplaces.desk, own_work.desk, telephone.desk
