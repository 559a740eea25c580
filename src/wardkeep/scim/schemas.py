# SPDX-License-Identifier: Apache-2.0
"""What the SCIM service says of itself: RFC 7643, sections 5 to 7."""

from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
STATE = "urn:wardkeep:params:scim:schemas:extension:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
Json = dict[str, Any]


def service_provider_config(base: str) -> Json:
    no = {"supported": False}
    return {
        "schemas": [f"{_CORE}ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": 200},
        "changePassword": no,
        "sort": no,
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "OAuth 2.0",
                "description": "A token of the scope scim, by a signed assertion.",
                "specUri": "https://www.rfc-editor.org/rfc/rfc7523",
                "primary": True,
            }
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{base}/ServiceProviderConfig",
        },
    }


def resource_types(base: str) -> list[Json]:
    return [
        {
            "schemas": [f"{_CORE}ResourceType"],
            "id": "User",
            "name": "User",
            "endpoint": "/Users",
            "schema": USER,
            "schemaExtensions": [{"schema": STATE, "required": False}],
            "meta": {
                "resourceType": "ResourceType",
                "location": f"{base}/ResourceTypes/User",
            },
        }
    ]


def _attribute(name: str, kind: str = "string", **more: object) -> Json:
    return {
        "name": name,
        "type": kind,
        "multiValued": False,
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
        **more,
    }


def schemas(base: str) -> list[Json]:
    found = [
        {
            "id": USER,
            "name": "User",
            "attributes": [
                _attribute("userName", required=True, uniqueness="server"),
                _attribute("externalId", caseExact=True),
                _attribute("displayName", required=True),
                _attribute("active", "boolean"),
                _attribute(
                    "roles",
                    "complex",
                    multiValued=True,
                    required=True,
                    subAttributes=[_attribute("value", required=True)],
                ),
            ],
        },
        {
            "id": STATE,
            "name": "State",
            "attributes": [_attribute("state", mutability="readOnly")],
        },
    ]
    return [
        {
            **one,
            "schemas": [f"{_CORE}Schema"],
            "meta": {
                "resourceType": "Schema",
                "location": f"{base}/Schemas/{one['id']}",
            },
        }
        for one in found
    ]
