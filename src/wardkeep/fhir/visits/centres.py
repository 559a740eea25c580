# SPDX-License-Identifier: Apache-2.0
"""Treatment centres: Locations that say they are one, and have times of their own.

https://hl7.org/fhir/R4/location.html. What a Location says of itself gives nobody a
skill or a right: it is where people can be booked.
"""

import msgspec

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.saying import code_in
from wardkeep.fhir.work.expects import Content

TYPE = "Location"
SYSTEM, CODE = "urn:wardkeep:place-type", "treatment-centre"
_content = msgspec.json.Decoder(dict[str, object])


def centre_in(id_: str, text: bytes) -> Person | None:
    """A stored Location, as one that people can be booked into; None: it is none."""
    said: Content = _content.decode(text)
    name, status = said.get("name"), said.get("status", "active")
    if code_in(said.get("type"), SYSTEM) != CODE or status != "active":
        return None
    return Person(f"{TYPE}/{id_}", name if isinstance(name, str) else id_)
