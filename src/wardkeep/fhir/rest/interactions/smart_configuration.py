# SPDX-License-Identifier: Apache-2.0
"""Where programs and apps sign in: the SMART configuration.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
"""

import msgspec

from wardkeep.fhir.rest import smart_metadata
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.interaction import NOBODY, Interaction
from wardkeep.fhir.rest.store import Store

_JSON = (b"content-type", b"application/json")


async def smart_configuration(asking: Asking, _store: Store) -> Answer:
    body = smart_metadata.smart_configuration(asking.base.removesuffix("/fhir"))
    return Answer(body=msgspec.json.encode(body), headers=(_JSON,))


INTERACTIONS = (
    Interaction(
        name="smart-configuration",
        method="GET",
        path=(".well-known", "smart-configuration"),
        scope=NOBODY,
        handler=smart_configuration,
    ),
)
