# SPDX-License-Identifier: Apache-2.0
"""Who a patient is, for banner and list: from the Patient resource to words."""

from collections.abc import Iterable, Sequence
from datetime import date

from wardkeep.base import nhs_number
from wardkeep.care import reading
from wardkeep.fhir.store.outcomes import PatientRow
from wardkeep.ui.banner import Banner, BannerName
from wardkeep.ui.format import show_age, show_date


def who_is(id_: str, text: bytes, today: date) -> Banner:
    """The banner of a person in a list: nothing clinical is known here."""
    return banner_of(patient_in(id_, text), today)


def banners_in(people: Iterable[PatientRow], today: date) -> dict[str, Banner]:
    """The same of everybody in a list, by id."""
    return {one.id: who_is(one.id, one.text, today) for one in people}


def patient_in(id_: str, text: bytes) -> reading.Patient:
    """A Patient as stored; one of whom nothing is known where it cannot be read."""
    read = reading.read("Patient", id_, text)
    return read if isinstance(read, reading.Patient) else reading.Patient()


def banner_of(
    patient: reading.Patient,
    today: date,
    *,
    allergies: tuple[str, ...] = (),
    is_free_of_known_allergies: bool = False,
    alerts: tuple[str, ...] = (),
) -> Banner:
    """The banner of an opened record, with what is known beside the person."""
    died = patient.deceased_date_time[:10]
    return Banner(
        name=_name(patient.name),
        born=patient.birth_date,
        age=show_age(patient.birth_date, _day(died) or today),
        died=_died(patient),
        gender=patient.gender,
        nhs_number=_nhs_number(patient.identifier),
        address=patient.address[0].words if patient.address else "",
        telephone=_telephone(patient.telecom),
        allergies=allergies,
        is_free_of_known_allergies=is_free_of_known_allergies,
        alerts=alerts,
    )


def _died(patient: reading.Patient) -> str:
    if patient.deceased_date_time:
        return show_date(patient.deceased_date_time)
    return "on a date not recorded" if patient.deceased_boolean else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _name(names: Sequence[reading.Name]) -> BannerName:
    """The official name, else the first."""
    official = [name for name in names if name.use == "official"]
    name = next(iter([*official, *names]), reading.Name())
    return BannerName(
        family=name.family or name.text,
        given=" ".join(name.given),
        title=" ".join(name.prefix),
    )


def _nhs_number(identifiers: Sequence[reading.Identifier]) -> str:
    for identifier in identifiers:
        if identifier.system == nhs_number.SYSTEM:
            return identifier.value
    return ""


def _telephone(contacts: Sequence[reading.Contact]) -> str:
    phones = [contact.value for contact in contacts if contact.system == "phone"]
    return phones[0] if phones else ""
