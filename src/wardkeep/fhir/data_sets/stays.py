# SPDX-License-Identifier: Apache-2.0
"""Facts of stays in hospital and on wards, of sections of the Act, and of scores."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.fhir.data_sets.belonging import Referred, belongs_to
from wardkeep.fhir.data_sets.contacts import named_referral, teams_for
from wardkeep.fhir.data_sets.facts import (
    Fact,
    Facts,
    codes_in,
    date_fact,
    reference_in,
    short_id,
    text_in,
    time_fact,
)
from wardkeep.fhir.data_sets.ground import Ground
from wardkeep.fhir.mha.section import CLASSIFICATION, EXPIRES, read_section
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.work.expects import Content, listed

_IN_HOSPITAL = frozenset({"IMP", "ACUTE", "NONAC"})
_NO_STAY = frozenset({"planned", "cancelled", "entered-in-error", "unknown"})
_COUNTED = frozenset({"final", "amended", "corrected"})


def _moment(said: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text_in(said))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=LONDON)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.astimezone(LONDON).date()


def _ended(moment: datetime | None, ground: Ground) -> datetime | None:
    """When it ended, where that was in the month or before; later it was still on."""
    day = _day(moment)
    return moment if day is not None and day <= ground.month.ends else None


def _period(node: object) -> tuple[datetime | None, datetime | None]:
    period = node if isinstance(node, dict) else {}
    return _moment(period.get("start")), _moment(period.get("end"))


def _from_to(began: datetime | None, ended: datetime | None) -> Facts:
    return {
        "began_date": date_fact(began),
        "began_time": time_fact(began),
        "ended_date": date_fact(ended),
        "ended_time": time_fact(ended),
    }


def stay_facts(
    one: OpenedResource, referrals: Sequence[Referred], ground: Ground
) -> Iterator[Fact]:
    """A stay that lies in the month in part, and the wards that it was on."""
    content: Content = msgspec.json.decode(one.text)
    kind = content.get("class")
    code = kind.get("code") if isinstance(kind, dict) else ""
    began, ended = _period(content.get("period"))
    is_stay = code in _IN_HOSPITAL and content.get("status") not in _NO_STAY
    first = _day(began)
    if not is_stay or first is None or not ground.month.meets(first, _day(ended)):
        return
    named = named_referral(one.text)
    # Whoever was admitted before they were referred belongs to what came of it.
    day = max(first, ground.month.begins)
    referred = belongs_to(referrals, day=day, named=named)
    teams = teams_for(referred, referrals)
    yield Fact(
        source="spell",
        key=f"spell {one.id}",
        within=f"referral {referred.id}" if referred else f"patient {one.patient}",
        type=one.type,
        id=one.id,
        teams=teams,
        facts={
            "spell": short_id(one.id),
            "referral": short_id(referred.id) if referred else "",
            **_from_to(began, _ended(ended, ground)),
        },
    )
    for number, place in enumerate(listed(content, "location"), start=1):
        since, until = _period(place.get("period"))
        since, until = since or began, until or ended
        if ground.month.meets(_day(since), _day(until)):
            yield _ward_stay(one, place, number, (since, until), teams, ground)


def _ward_stay(
    one: OpenedResource,
    place: Content,
    number: int,
    period: tuple[datetime | None, datetime | None],
    teams: tuple[str, ...],
    ground: Ground,
) -> Fact:
    ward = reference_in(place.get("location"), "Location")
    return Fact(
        source="ward_stay",
        within=f"spell {one.id}",
        type=one.type,
        id=one.id,
        teams=teams,
        facts={
            "ward_stay": short_id(f"{one.id}-{number}"),
            "ward": ground.wards.get(ward, ""),
            "spell": short_id(one.id),
            **_from_to(period[0], _ended(period[1], ground)),
        },
    )


def detention_fact(
    one: OpenedResource, content: Content, teams: tuple[str, ...], ground: Ground
) -> Fact | None:
    """A section of the Act that held in the month."""
    section = read_section(content)
    if section is None or section.facts.is_mistake:
        return None
    over = section.facts.ended
    ended = None if over is None else over.at
    if not ground.month.meets(_day(section.began), _day(ended)):
        return None
    expires = next(
        (
            _moment(it.get("valueDateTime"))
            for it in listed(content, "extension")
            if it.get("url") == EXPIRES
        ),
        None,
    )
    legal_status = codes_in(content.get("valueCodeableConcept"), CLASSIFICATION)
    return Fact(
        source="detention",
        within=f"patient {one.patient}",
        type=one.type,
        id=one.id,
        teams=teams,
        facts={
            "detention": short_id(one.id),
            "patient": short_id(one.patient),
            **_from_to(section.began, _ended(ended, ground)),
            "expires_date": date_fact(expires),
            "expires_time": time_fact(expires),
            "legal_status": next(legal_status, ""),
        },
    )


def score_fact(
    one: OpenedResource,
    content: Content,
    referrals: Sequence[Referred],
    ground: Ground,
) -> Fact | None:
    """What an assessment of the month came to."""
    at, value = _moment(content.get("effectiveDateTime")), content.get("valueQuantity")
    number = value.get("value") if isinstance(value, dict) else None
    day = _day(at)
    is_sum = content.get("status") in _COUNTED and number is not None
    if not is_sum or at is None or day is None or not ground.month.has(day):
        return None
    code = content.get("code")
    coded = listed(code, "coding") if isinstance(code, dict) else []
    by = [reference_in(it, "Practitioner") for it in listed(content, "performer")]
    referred = belongs_to(referrals, day=day, people=by)
    worker = next((it for it in by if it), "")
    return Fact(
        source="score",
        within=f"referral {referred.id}" if referred else f"patient {one.patient}",
        type=one.type,
        id=one.id,
        teams=teams_for(referred, referrals),
        facts={
            "referral": short_id(referred.id) if referred else "",
            "tool": next((text_in(it.get("code")) for it in coded), ""),
            "score": f"{number:g}" if isinstance(number, int | float) else "",
            "at": at.astimezone(LONDON).isoformat(timespec="seconds"),
            "worker": short_id(worker) if worker else "",
            "worker_id": worker,
        },
    )
