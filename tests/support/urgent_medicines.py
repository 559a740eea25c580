# SPDX-License-Identifier: Apache-2.0
"""Prescriptions that a clinician in urgent care writes from a case, over HTTP."""

import re

from support.prescribing import AMOXICILLIN, typed
from support.urgent_shift import (
    SEE_OTHER,
    Prescribe,
    Seat,
    TroubleError,
    Work,
    hidden_in,
)
from wardkeep.assembly.demo.chance import Chance
from wardkeep.base.ids import new_uuid

UNPROCESSABLE = 422
_FORM = re.compile(r'href="/patients/([^"/]+)/prescriptions/for/([^"/]+)">([A-Za-z]+)')
_WRITTEN = re.compile(r"/prescriptions/([^/?]+)\?said=(?:written|already)")
_ANSWERS = "Answer"
"""Begins the words of the button that a request for a medicine has, and no other."""


def patient_in(page: bytes, entry: str) -> str:
    """Who a case is about of which somebody may prescribe; empty: nobody may."""
    found = _FORM.findall(page.decode())
    return next((patient for patient, of, _ in found if of == entry), "")


def is_request(page: bytes) -> bool:
    """Whether a case asks for a medicine, and is answered with one."""
    return any(words == _ANSWERS for _, _, words in _FORM.findall(page.decode()))


def prescribes(in_100: int) -> Prescribe:
    """A request is answered with a medicine; of other cases so many in a hundred."""

    def prescribe(seat: Seat, work: Work, page: bytes, chance: Chance) -> bool:
        asks = is_request(page)
        if asks or chance.happens(in_100):
            _write(seat, work.entry, patient_in(page, work.entry))
        if asks:
            work.is_answered()
        return asks

    return prescribe


def _write(seat: Seat, entry: str, patient: str) -> None:
    path = f"/patients/{patient}/prescriptions/for/{entry}"
    form = typed(AMOXICILLIN, which=new_uuid())
    act = "write a prescription"
    done = seat.presses(act, path, **form)
    if done.status == UNPROCESSABLE and b'name="confirm"' in done.page:
        # They take it already: read, and said to be
        said = hidden_in(done.page) | form | {"confirm": "yes"}
        done = seat.presses(act, path, **said)
    found = _WRITTEN.search(done.to)
    if done.status != SEE_OTHER or found is None:
        raise TroubleError(act, entry, done.status, done.to, done.page[-1500:])
    seat.book.prescribed[found[1]] = patient
