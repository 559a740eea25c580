# SPDX-License-Identifier: Apache-2.0
"""One line of the ledger as an AuditEvent.

https://hl7.org/fhir/R4/auditevent.html and IHE's Basic Audit Log Patterns
(https://profiles.ihe.net/ITI/BALP): one event names one patient, so whoever may see an
event about one learns of no other. An opening's entry holds no network address, which
BALP wants of both agents: therefore no event claims its profile.
"""

import base64
from typing import Any, NamedTuple

from wardkeep.base.clock import from_microseconds
from wardkeep.disclosure.answers import LedgerLine
from wardkeep.disclosure.purpose import Purpose, Tier
from wardkeep.fhir.model.strict_json import compact_json
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.store.reserved import AUDIT_EVENT as TYPE, LedgerEventId
from wardkeep.fhir.store.stamping import instant

ACCOUNTS = "urn:wardkeep:account"
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_INTERACTIONS = "http://hl7.org/fhir/restful-interaction"
_SOURCE = {"system": _DICOM, "code": "110153", "display": "Source Role ID"}
_TARGET = {"system": _DICOM, "code": "110152", "display": "Destination Role ID"}
_MEDIUM = {"system": _DICOM, "code": "110154", "display": "Destination Media"}
_REST = {
    "system": f"{_TERMINOLOGY}/audit-event-type",
    "code": "rest",
    "display": "RESTful Operation",
}
_PERSON = {"system": f"{_TERMINOLOGY}/audit-entity-type", "code": "1"}
_SYSTEM_OBJECT = {"system": f"{_TERMINOLOGY}/audit-entity-type", "code": "2"}
_PATIENT_ROLE = {"system": f"{_TERMINOLOGY}/object-role", "code": "1"}
_RESOURCE_ROLE = {"system": f"{_TERMINOLOGY}/object-role", "code": "4"}
_QUERY_ROLE = {"system": f"{_TERMINOLOGY}/object-role", "code": "24"}
_GRANTED = "grant"
Json = dict[str, Any]


class _Kind(NamedTuple):
    """What FHIR calls an action of the ledger."""

    action: str
    """C, R, U, D or E: https://hl7.org/fhir/R4/valueset-audit-event-action.html"""
    interaction: str = ""
    """A RESTful interaction, where it is one."""
    type: str = "110100"
    """Else DICOM's code: application activity, security alert, user authentication."""
    subtype: str = ""


_ACTIVITY, _EXPORT = "110100", "110106"
_KINDS = {
    "find": _Kind("E", "search"),
    "search": _Kind("E", "search"),
    "read": _Kind("R", "read"),
    "write": _Kind("U", "update"),
    "create": _Kind("C", "create"),
    "delete": _Kind("D", "delete"),
    "erase": _Kind("D"),
    "dispose": _Kind("D"),
    "print": _Kind("R", "", _EXPORT),
    "copy": _Kind("R", "", _EXPORT),
    "letters": _Kind("R", "", _EXPORT),
    "carry": _Kind("R", "", _EXPORT),
    "send": _Kind("R", "", _EXPORT),
    "extract": _Kind("R", "", _EXPORT),
    "history": _Kind("R", "", "110101"),
    "sign-in": _Kind("E", "", "110114", "110122"),
    "sign-out": _Kind("E", "", "110114", "110123"),
}
_OTHER = _Kind("E")
_MEDIA = {
    "print": "Paper",
    "copy": "Files",
    "letters": "Letters",
    "carry": "A phone, sealed",
    "extract": "A national data set",
    "pack": "A check-in kiosk, sealed",
}
"""On what an export lies afterwards, where it goes to nobody in particular."""
_TYPES = {
    _ACTIVITY: "Application Activity",
    _EXPORT: "Export",
    "110101": "Audit Log Used",
    "110114": "User Authentication",
}
_SUBTYPES = {"110122": "Login", "110123": "Logout"}
_FIRST = 1
_REASONS = {
    Purpose.DIRECT_CARE: "TREAT",
    Purpose.ADMINISTRATION: "HOPERAT",
    Purpose.SAFEGUARDING: "PUBHLTH",
    Purpose.PATIENT_REQUEST: "PATRQT",
    Purpose.AUDIT: "HCOMPL",
    Purpose.IMPORT: "SYSDEV",
    Purpose.SUPPORT: "SYSADMIN",
    Purpose.NATIONAL_RETURN: "HSYSADMIN",
}
"""Codes of v3-ActReason: why it was done."""


def event_of(line: LedgerLine, *, name: str) -> OpenedResource:
    """The event as a resource like any other; `name` is that of this server."""
    at = from_microseconds(line.at)
    id_ = str(LedgerEventId(line.entry, line.part))
    kind = _kind(line)
    content: Json = {
        "resourceType": TYPE,
        "id": id_,
        "meta": {"versionId": "1", "lastUpdated": instant(at).decode()},
        **_typed(line, kind),
        "action": kind.action,
        "recorded": instant(at).decode(),
        "outcome": "0" if line.outcome == _GRANTED else "4",
        **_refused(line),
        **_why(line),
        "agent": _agents(line, kind, name),
        "source": {
            "observer": {"display": name},
            "type": [
                {
                    "system": f"{_TERMINOLOGY}/security-source-type",
                    "code": "4",
                    "display": "Application Server",
                }
            ],
        },
        "entity": _entities(line),
    }
    return OpenedResource(
        type=TYPE,
        id=id_,
        version=_FIRST,
        patient=line.patient,
        tier=Tier.SHARED,
        clinical_at=at,
        last_updated=at,
        text=compact_json(content),
    )


def _kind(line: LedgerLine) -> _Kind:
    kind = _KINDS.get(line.action, _OTHER)
    versions = {version for _, _, version in line.resources}
    return _KINDS["create"] if kind.action == "U" and versions == {_FIRST} else kind


def _typed(line: LedgerLine, kind: _Kind) -> Json:
    if kind.interaction:
        subtype = {"system": _INTERACTIONS, "code": kind.interaction}
        return {"type": _REST, "subtype": [subtype]}
    typed: Json = {
        "type": {"system": _DICOM, "code": kind.type, "display": _TYPES[kind.type]}
    }
    if kind.subtype:
        display = _SUBTYPES[kind.subtype]
        typed["subtype"] = [
            {"system": _DICOM, "code": kind.subtype, "display": display}
        ]
    elif kind.type in (_ACTIVITY, _EXPORT):
        typed["subtype"] = [{"system": "urn:wardkeep:action", "code": line.action}]
    return typed


def _refused(line: LedgerLine) -> Json:
    return {} if line.outcome == _GRANTED else {"outcomeDesc": line.outcome}


def _why(line: LedgerLine) -> Json:
    code = _REASONS.get(line.purpose)  # type: ignore[call-overload]
    why: Json = {}
    if code is not None:
        why["coding"] = [{"system": f"{_TERMINOLOGY}/v3-ActReason", "code": code}]
    if line.reason:
        why["text"] = line.reason
    return {"purposeOfEvent": [why]} if why else {}


def _agents(line: LedgerLine, kind: _Kind, name: str) -> list[Json]:
    """Who asked, this server, and where it went on to.

    BALP has a query flow to the server, and a read from it; what leaves flows from it
    to whoever receives it or what it lies on (DICOM PS3.15, A.5.3.4 and A.5.3.7).
    """
    asker, server = (
        (_TARGET, _SOURCE) if kind.interaction == "read" else (_SOURCE, _TARGET)
    )
    onward = _onward(line)
    if onward:
        server = _SOURCE
    who: Json = {"display": line.display_name}
    if line.account:
        who["identifier"] = {"system": ACCOUNTS, "value": line.account}
    first: Json = {"type": {"coding": [asker]}, "who": who, "requestor": True}
    if line.role:
        first["role"] = [{"text": line.role_title or line.role}]
    return [
        first,
        {"type": {"coding": [server]}, "who": {"display": name}, "requestor": False},
        *onward,
    ]


def _onward(line: LedgerLine) -> list[Json]:
    """Who got it besides who asked; nobody where it was refused."""
    codings, to = [_TARGET], line.sent_to
    if not to:
        codings, to = [_TARGET, _MEDIUM], _MEDIA.get(line.action, "")
    if not to or line.outcome != _GRANTED:
        return []
    return [{"type": {"coding": codings}, "who": {"display": to}, "requestor": False}]


def _entities(line: LedgerLine) -> list[Json]:
    found: list[Json] = []
    if line.patient:
        found.append(
            {
                "what": {"reference": f"Patient/{line.patient}"},
                "type": _PERSON,
                "role": _PATIENT_ROLE,
                **_detail("relationship", line.relationship),
            }
        )
    found.extend(
        {
            "what": {"reference": f"{type_}/{id_}/_history/{version}"},
            "type": _SYSTEM_OBJECT,
            "role": _RESOURCE_ROLE,
        }
        for type_, id_, version in line.resources
    )
    if line.request:
        asked = base64.b64encode(line.request.encode()).decode()
        found.append(
            {
                "type": _SYSTEM_OBJECT,
                "role": _QUERY_ROLE,
                "description": line.request,
                "query": asked,
            }
        )
    # Every event tells its place in the ledger and the software that wrote it.
    found.append(
        {
            "what": {"identifier": {"value": str(line.entry)}},
            "name": "entry of the ledger",
            "type": _SYSTEM_OBJECT,
            **_detail("software", line.software),
        }
    )
    return found


def _detail(type_: str, value: str) -> Json:
    return {"detail": [{"type": type_, "valueString": value}]} if value else {}
