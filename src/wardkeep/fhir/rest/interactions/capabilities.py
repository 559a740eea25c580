# SPDX-License-Identifier: Apache-2.0
"""The capability statement, made from what is really here.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from collections.abc import Iterable
from functools import cache

import msgspec

from wardkeep import __version__
from wardkeep.fhir.model.definitions import (
    definitions,
    is_resource_type,
    parameters_of,
)
from wardkeep.fhir.rest import interactions
from wardkeep.fhir.rest.answer import JSON, Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.interaction import (
    NOBODY,
    TYPE,
    Interaction,
    find_interactions,
)
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.summary import shape_of, shaped
from wardkeep.fhir.search.parameters import search_parameter
from wardkeep.fhir.search.params.special import REFUSED
from wardkeep.fhir.search.references import reference_parameters

_SPECIFICATION = "http://hl7.org/fhir"
_ON_SYSTEM = ("transaction", "batch", "history-system", "search-system")
_EVERYWHERE = ("_id", "_lastUpdated", "_tag", "_profile", "_security")
_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


async def capabilities(asking: Asking, store: Store) -> Answer:
    shape = shape_of(asking.query)
    if isinstance(shape, Answer):
        return shape
    started = store.clock.now().date().isoformat()
    text = _statement(asking.base, started)
    body = shaped(text, "CapabilityStatement", shape)
    return Answer(body=body, headers=(JSON,))


@cache
def _statement(base: str, date: str) -> bytes:
    return msgspec.json.encode(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": date,
            "kind": "instance",
            "software": {"name": "Wardkeep", "version": __version__},
            "implementation": {"description": "Wardkeep record store", "url": base},
            "fhirVersion": "4.0.1",
            "format": ["application/fhir+json", "json"],
            "patchFormat": ["application/json-patch+json", "application/fhir+json"],
            "rest": [_rest(base)],
        }
    )


def _rest(base: str) -> dict[str, object]:
    found = find_interactions(interactions)
    names = {one.name for one in found}
    return {
        "mode": "server",
        "security": _security(base),
        "resource": [
            _resource(type_, found)
            for type_ in sorted(definitions().types)
            if is_resource_type(type_)
        ],
        "interaction": [{"code": code} for code in _ON_SYSTEM if code in names],
        "searchParam": [_parameter("Resource", code) for code in _EVERYWHERE],
        "operation": _operations(found, ""),
        "compartment": [
            f"{_SPECIFICATION}/CompartmentDefinition/{name.lower()}"
            for name in sorted(definitions().compartments)
        ],
    }


def _security(base: str) -> dict[str, object]:
    system = "http://terminology.hl7.org/CodeSystem/restful-security-service"
    addresses = [
        {"url": name, "valueUri": f"{_origin(base)}/oauth/{name}"}
        for name in ("authorize", "token", "introspect", "revoke")
    ]
    return {
        "service": [{"coding": [{"system": system, "code": "SMART-on-FHIR"}]}],
        "description": "SMART App Launch 2.2 and Backend Services with private_key_jwt;"
        " DPoP for whoever wants it. Every opening is judged and written down before it"
        " is answered.",
        "extension": [{"url": _OAUTH, "extension": addresses}],
    }


def _origin(base: str) -> str:
    return base.removesuffix("/fhir")


def _resource(type_: str, found: Iterable[Interaction]) -> dict[str, object]:
    codes = dict.fromkeys(
        one.name
        for one in found
        if one.path[:1] == (TYPE,) and one.scope != NOBODY and "$" not in one.name
    )
    return {
        "type": type_,
        "profile": f"{_SPECIFICATION}/StructureDefinition/{type_}",
        "interaction": [{"code": code} for code in codes if code in _CODES],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "multiple",
        "referencePolicy": ["literal", "logical"],
        "searchInclude": [
            "*",
            *(f"{type_}:{one.code}" for one in reference_parameters(type_)),
        ],
        "searchRevInclude": _reverse_includes()[type_],
        "searchParam": [
            _parameter(type_, code)
            for code in sorted(parameters_of(type_))
            if code not in REFUSED and _is_served(type_, code)
        ],
        "operation": _operations(found, type_),
    }


_CODES = (
    *("read", "vread", "update", "patch", "delete", "history-instance"),
    *("history-type", "create", "search-type"),
)


@cache
def _reverse_includes() -> dict[str, list[str]]:
    """By target the parameters that may point to it."""
    found: dict[str, list[str]] = {
        name: [] for name in definitions().types if is_resource_type(name)
    }
    for type_ in found:
        for parameter in reference_parameters(type_):
            for target in parameter.targets:
                if target in found:
                    found[target].append(f"{type_}:{parameter.code}")
    return found


def _is_served(type_: str, code: str) -> bool:
    parameter = search_parameter(type_, code)
    return parameter is not None and bool(parameter.paths or parameter.components)


def _parameter(type_: str, code: str) -> dict[str, str]:
    return {"name": code, "type": parameters_of(type_)[code].type}


def _operations(found: Iterable[Interaction], type_: str) -> list[dict[str, str]]:
    """Those of a type, or of the whole system where the type is empty."""
    names = dict.fromkeys(
        one.name
        for one in found
        if one.name.startswith("$") and _is_of(one.path[0], type_)
    )
    return [
        {
            "name": name.removeprefix("$"),
            "definition": f"{_SPECIFICATION}/OperationDefinition/"
            + (_DEFINED.get((type_, name)) or _DEFINED["", name]),
        }
        for name in names
    ]


def _is_of(first: str, type_: str) -> bool:
    return first in (TYPE, type_) if type_ else first.startswith("$")


_DEFINED = {
    ("Patient", "$everything"): "Patient-everything",
    ("Encounter", "$everything"): "Encounter-everything",
    ("", "$lastn"): "Observation-lastn",
    ("", "$meta"): "Resource-meta",
    ("", "$meta-add"): "Resource-meta-add",
    ("", "$meta-delete"): "Resource-meta-delete",
    ("", "$process-message"): "MessageHeader-process-message",
}

INTERACTIONS = (
    Interaction(
        name="capabilities",
        method="GET",
        path=("metadata",),
        scope=NOBODY,
        handler=capabilities,
    ),
)
