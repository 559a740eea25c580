# SPDX-License-Identifier: Apache-2.0
"""How somebody signed in at an identity provider, and whether that can be phished.

A provider's level alone does not tell: NHS CIS2 has passkeys and one-time codes at the
same level (AAL2), so the methods (`amr`) decide. What is not known to hold against
phishing counts as phishable.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from wardkeep.identity.factor import FactorRefused

OPENID, CIS2, NHS_LOGIN = "openid", "cis2", "nhs-login"
KINDS = (OPENID, CIS2, NHS_LOGIN)
"""Whose rules a provider's levels and methods are read by."""
Strength: TypeAlias = Literal["strong", "phishable"]

CIS2_ACR_ASKED = "AAL2_OR_AAL3_ANY"
_CIS2_LEVELS = ("AAL2", "AAL3")
CIS2_STRONG = frozenset(
    {"N3_SMARTCARD", "CIS2_SMARTCARD", "SMARTCARD", "FIDO2", "PASSKEY", "IOS"}
)
"""Smartcards, Windows Hello and security keys, passkeys, and the iPad app's device key.

https://digital.nhs.uk/services/care-identity-service/applications-and-services/cis2-authentication/guidance-for-developers/detailed-guidance/acr-values
Not here: TOTP and Microsoft Authenticator, NHSMAIL, USERPASS.
"""
STRONG_ACR = frozenset({"phr", "phrh"})
"""https://openid.net/specs/openid-connect-eap-acr-values-1_0.html."""
STRONG_AMR = frozenset({"fido", "sc"})
"""FIDO, as Microsoft's and Keycloak's providers write it; `sc`: RFC 8176."""
VTR_ASKED = '["P9.Cp.Cd","P9.Cp.Ck","P9.Cm"]'
"""https://nhsconnect.github.io/nhslogin/vectors-of-trust/"""
_PROVEN_IDENTITY, _ASYMMETRIC_KEY = "P9", "Cm"


def strength(
    kind: str, issuer: str, claims: Mapping[str, Any]
) -> Strength | FactorRefused:
    """Whether it holds against phishing; refused where the level is too low."""
    if kind == NHS_LOGIN:
        return _of_nhs_login(issuer, claims)
    acr, amr = claims.get("acr"), _methods(claims)
    if kind == CIS2:
        if not isinstance(acr, str) or not acr.startswith(_CIS2_LEVELS):
            return FactorRefused(code="acr")
        return "strong" if amr and amr <= CIS2_STRONG else "phishable"
    is_strong = acr in STRONG_ACR or bool(amr & STRONG_AMR)
    return "strong" if is_strong else "phishable"


def _methods(claims: Mapping[str, Any]) -> frozenset[str]:
    amr = claims.get("amr")
    given = [amr] if isinstance(amr, str) else amr if isinstance(amr, list) else []
    return frozenset(one for one in given if isinstance(one, str))


def _of_nhs_login(issuer: str, claims: Mapping[str, Any]) -> Strength | FactorRefused:
    vot, vtm = claims.get("vot"), claims.get("vtm")
    is_marked = isinstance(vtm, str) and vtm.startswith(f"{issuer}/trustmark/")
    parts = vot.split(".") if isinstance(vot, str) and is_marked else []
    if _PROVEN_IDENTITY not in parts:
        return FactorRefused(code="identity-level")
    return "strong" if parts == [_PROVEN_IDENTITY, _ASYMMETRIC_KEY] else "phishable"
