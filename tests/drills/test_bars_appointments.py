# SPDX-License-Identifier: Apache-2.0
"""A booking by message is an appointment of ours, in our words, and says who booked it.

With a stolen token of a partner: what its Appointment says beside time and slot is not
stored, and who booked it stands there by the name that the operator gave them.
"""

from contextlib import closing
from pathlib import Path

import pytest

from support.partners import (
    NORTH,
    booking,
    found_clinic,
    found_service,
    partner,
    person,
    send,
)
from support.program import Program
from support.served import served

HOME = "fernhill"


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_what_is_stored_of_a_booking_is_made_here(
    tmp_path: Path, *, is_cancelled: bool
) -> None:
    with served(tmp_path) as stack:
        stack.found(HOME)
        own = Program(stack, tmp_path, organisation=HOME)
        north = partner(stack, tmp_path, organisation=HOME)
        with closing(own), closing(north):
            found_service(own)
            [slot, *_] = found_clinic(own)
            times = (slot["id"], slot["start"], slot["end"])
            forged = "Seen already, do not call"
            reply = send(north, booking(*times, patient=person(), description=forged))
            assert reply.status == 200, reply
            id_ = reply.json["entry"][1]["resource"]["id"]
            if is_cancelled:
                gone = booking(*times, reason="update", id=id_, status="cancelled")
                assert send(north, gone).status == 200
            stored = own.get(f"Appointment/{id_}")
    said = stored.raw.decode()
    assert forged not in said
    assert NORTH.name not in said, "what it calls itself"
    assert stored.json["description"].startswith("Booked by ")
    assert stored.json["description"] != "Booked by "
    assert ("cancelationReason" in stored.json) == is_cancelled
