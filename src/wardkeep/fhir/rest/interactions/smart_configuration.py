# SPDX-License-Identifier: Apache-2.0
"""Where a program signs in: the SMART configuration.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
"""

import msgspec

from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.interaction import NOBODY, Interaction
from wardkeep.fhir.rest.store import Store

_JSON = (b"content-type", b"application/json")


async def smart_configuration(asking: Asking, _store: Store) -> Answer:
    origin = asking.base.removesuffix("/fhir")
    body = {
        "issuer": asking.base,
        "token_endpoint": f"{origin}/oauth/token",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": [
            *("ES256", "ES384", "RS384", "EdDSA")
        ],
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": ["system/*.cruds", "system/*.rs"],
        "response_types_supported": [],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": [
            "client-confidential-asymmetric",
            "permission-v1",
            "permission-v2",
        ],
    }
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
