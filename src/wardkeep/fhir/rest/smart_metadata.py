# SPDX-License-Identifier: Apache-2.0
"""What this authorization server can do, as RFC 8414 and SMART tell it.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html. It names what is there
and nothing else.
"""

WELL_KNOWN = "/.well-known/oauth-authorization-server"
_ALGORITHMS = ("ES256", "ES384", "RS384", "EdDSA")
_CAPABILITIES = (
    *("launch-ehr", "launch-standalone"),
    *("client-public", "client-confidential-asymmetric"),
    *("sso-openid-connect", "context-banner"),
    *("context-ehr-patient", "context-standalone-patient"),
    *("permission-offline", "permission-online"),
    *("permission-patient", "permission-user"),
    *("permission-v1", "permission-v2"),
)


def authorization_server(origin: str) -> dict[str, object]:
    """https://www.rfc-editor.org/rfc/rfc8414#section-2; `origin` is our own."""
    return {
        "issuer": f"{origin}/fhir",
        "authorization_endpoint": f"{origin}/oauth/authorize",
        "token_endpoint": f"{origin}/oauth/token",
        "jwks_uri": f"{origin}/oauth/jwks",
        "revocation_endpoint": f"{origin}/oauth/revoke",
        "introspection_endpoint": f"{origin}/oauth/introspect",
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": [*_ALGORITHMS],
        "revocation_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
        "introspection_endpoint_auth_methods_supported": ["private_key_jwt"],
        "grant_types_supported": [
            *("authorization_code", "refresh_token", "client_credentials")
        ],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": [*_ALGORITHMS],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "scopes_supported": [
            *("openid", "fhirUser", "launch", "launch/patient"),
            *("offline_access", "online_access"),
            *("patient/*.cruds", "patient/*.rs", "user/*.cruds", "user/*.rs"),
            *("system/*.cruds", "system/*.rs"),
        ],
    }


def smart_configuration(origin: str) -> dict[str, object]:
    return {**authorization_server(origin), "capabilities": [*_CAPABILITIES]}
