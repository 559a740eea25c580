# SPDX-License-Identifier: Apache-2.0
"""A request for an ambulance that is made ready in the change that asks for it.

Sealed in the patient's record as every message is, by whoever has the case open; beside
it a row that names the place in a queue. No job is written: the request itself is one,
five seconds later (`wardkeep.fhir.urgent.dispatching`). In reserve, with a request to
look again, it lies there until somebody says that an ambulance goes, or nobody answers.
"""

from datetime import datetime
from typing import Any

from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.fhir.bars.outgoing import (
    CATEGORY,
    Queued,
    Sort,
    communication,
    message_in,
)
from wardkeep.fhir.clinics.resources import draft
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Beside

Json = dict[str, Any]
_READY = """
insert into bars.outgoing
  (patient, made_at, organisation, message, request, communication, about, partner,
   sort, entry)
select p.number, $1, $2, $3, $4, $5, $6, w.service, $9, $10
  from record.patient as p
  join bars.partner as w
    on w.organisation = $2 and w.service = $7 and w.is_active and w.kind = 'service'
 where p.organisation = $2 and p.id = $8
"""


def made_ready(  # noqa: PLR0913 - a message is asked for with this much
    bundle: Json,
    *,
    organisation: OrganisationId,
    patient: str,
    about: str,
    entry: str,
    partner: str,
    author: Person,
    now: datetime,
) -> Queued:
    """Have a Bundle there for when an ambulance is asked for by an entry.

    `about` is the id of the ServiceRequest.

    Raises:
        NoMessageError: the Bundle is none.
    """
    message = message_in(bundle)
    id_ = new_uuid()
    values = (
        *(now, organisation, message.id, new_uuid(), id_, about, partner, patient),
        *(str(Sort.AMBULANCE), entry),
    )
    content = communication(
        bundle,
        id_,
        patient=patient,
        about=f"ServiceRequest/{about}",
        kind=CATEGORY,
        author=author,
        now=now,
    )
    ready = Beside(sql=_READY, values=values)
    return Queued(draft=draft(content, id_), beside=(ready,), message=message.id)
