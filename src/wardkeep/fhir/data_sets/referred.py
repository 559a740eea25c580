# SPDX-License-Identifier: Apache-2.0
"""Facts of referrals and caseloads."""

from collections.abc import Sequence
from datetime import date

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.fhir.data_sets.belonging import Referred
from wardkeep.fhir.data_sets.facts import (
    Fact,
    codes_in,
    day_fact,
    reference_in,
    short_id,
    text_in,
)
from wardkeep.fhir.data_sets.ground import Ground
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.work import caseload
from wardkeep.fhir.work.expects import Content, listed
from wardkeep.fhir.work.referral import (
    TEAM,
    TYPE,
    Referral,
    day_of,
    read_referral,
    team_of,
)
from wardkeep.fhir.work.referral_steps import OPEN, State, Step

_ENDS = {
    State.DISCHARGED: Step.DISCHARGE,
    State.WITHDRAWN: Step.WITHDRAW,
    State.DECLINED: Step.DECLINE,
}


class Caseload(msgspec.Struct, frozen=True, kw_only=True):
    """A place on a caseload, from one day to another."""

    id: str
    referral: str
    team: str
    worker: str
    began: date | None
    ended: date | None


def read_caseload(one: OpenedResource) -> Caseload:
    content: Content = msgspec.json.decode(one.text)
    period = content.get("period")
    end = text_in(period.get("end")) if isinstance(period, dict) else ""
    named = [reference_in(it, TYPE) for it in listed(content, "referralRequest")]
    return Caseload(
        id=one.id,
        referral=next(iter(named), ""),
        team=caseload.id_in(caseload.service_of(content), TEAM),
        worker=caseload.id_in(caseload.worker_of(content), "Practitioner"),
        began=caseload.began_on(content),
        ended=day_of(end) if end else None,
    )


def read_referred(
    one: OpenedResource, places: Sequence[Caseload], ground: Ground
) -> tuple[Referred, Fact] | None:
    """A referral to a team of the data set that was open in the month; its facts."""
    content: Content = msgspec.json.decode(one.text)
    said, team = read_referral(content), team_of(content)
    if said is None or team is None or team not in ground.teams:
        return None
    written = one.last_updated.astimezone(LONDON).date()
    if said.state is State.MISTAKE:
        return None
    received = said.received or written
    closed = _closed(said, written)
    if not ground.month.meets(received, closed):
        return None
    referred = Referred(
        id=one.id,
        team=team,
        received=received,
        closed=closed,
        workers=frozenset(
            it.worker for it in places if it.referral == one.id and it.worker
        ),
    )
    return referred, _fact(one, content, referred, said, ground)


def _closed(said: Referral, written: date) -> date | None:
    """The last day on which it was open; None while it is."""
    if said.state in OPEN:
        return None
    steps = [one for one in said.holding if one.step is _ENDS.get(said.state)]
    return (steps[-1].day if steps else None) or written


def _fact(
    one: OpenedResource,
    content: Content,
    referred: Referred,
    said: Referral,
    ground: Ground,
) -> Fact:
    # What ended after the month is still open in it.
    closed = referred.closed if ground.month.has(referred.closed) else None
    is_declined = said.state is State.DECLINED
    systems = ground.systems
    reasons = codes_in(content.get("reasonCode"), systems["referral_reason"])
    sources = codes_in(content.get("category"), systems["referral_source"])
    return Fact(
        source="referral",
        key=f"referral {one.id}",
        within=f"patient {one.patient}",
        type=one.type,
        id=one.id,
        teams=(referred.team,),
        facts={
            "referral": short_id(one.id),
            "patient": short_id(one.patient),
            "commissioner": ground.commissioner,
            "team": short_id(referred.team),
            "received": day_fact(referred.received),
            "priority": str(said.priority),
            "source": next(sources, ""),
            "reason": next(reasons, ""),
            "discharged": "" if is_declined else day_fact(closed),
            "rejected": day_fact(closed) if is_declined else "",
        },
    )


def coordinator_fact(place: Caseload, patient: str, ground: Ground) -> Fact | None:
    """Whose caseload it is, where that is one of the data set's and of the month."""
    is_ours = place.team in ground.teams and place.worker
    if not is_ours or not ground.month.meets(place.began, place.ended):
        return None
    ended = place.ended if ground.month.has(place.ended) else None
    return Fact(
        source="coordinator",
        within=f"patient {patient}",
        type=caseload.TYPE,
        id=place.id,
        teams=(place.team,),
        facts={
            "patient": short_id(patient),
            "begins": day_fact(place.began),
            "ends": day_fact(ended),
            "worker": short_id(place.worker),
            "worker_id": place.worker,
            "team_type": ground.teams[place.team],
        },
    )
