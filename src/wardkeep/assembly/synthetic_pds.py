# SPDX-License-Identifier: Apache-2.0
"""A national index of the demonstration's people, by the shapes of the PDS FHIR API.

https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir. It
knows whom the demonstration made and nobody else, listens on this machine alone, and
says no more of anybody than the real one says in the same place.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from granian.constants import Interfaces, Loops
from granian.server import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wardkeep.assembly.demo import demo_organisations, demo_patients
from wardkeep.assembly.parent import end_with_parent
from wardkeep.assembly.synthetic_neighbours import neighbours
from wardkeep.base import nhs_number
from wardkeep.base.plain_text import normalise

Json = dict[str, Any]
_PARENT = "_WARDKEEP_PDS_PARENT"
_TYPE = "application/fhir+json"
_CODES = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"
_NEEDED = ("family", "birthdate")
_SHOWN = ("resourceType", "name", "birthDate", "gender", "address", "deceasedDateTime")


def run_synthetic_pds(address: str) -> None:
    """Serve until SIGTERM or SIGINT at an address as http://127.0.0.1:8112."""
    os.environ[_PARENT] = str(os.getpid())
    Server(
        "wardkeep.assembly.synthetic_pds:make_synthetic_pds",
        address="127.0.0.1",
        port=urlsplit(address).port or 0,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        factory=True,
        websockets=False,
        log_enabled=False,
        log_access=False,
        respawn_failed_workers=True,
    ).serve()


def make_synthetic_pds() -> Starlette:
    """The application, put together when its server starts."""
    end_with_parent(int(os.environ[_PARENT]))
    return application_of(demo_people(), neighbours())


def demo_people() -> list[Json]:
    """Patients of every organisation of the demonstration, as they are loaded."""
    return [
        bundle["entry"][0]["resource"]
        for organisation in demo_organisations()
        for bundle in demo_patients(organisation, today=date(2026, 1, 1))
    ]


def application_of(people: Iterable[Json], more: Sequence[Route] = ()) -> Starlette:
    """Both questions of the API that a call asks; and whoever else listens there."""
    known = {
        number: _shown(number, one) for one in people if (number := _number_of(one))
    }

    async def read(request: Request) -> Response:
        return _read(known, request)

    async def search(request: Request) -> Response:
        return _search(known, request)

    return Starlette(
        routes=[
            Route("/Patient", search, methods=["GET"]),
            Route("/Patient/{number}", read, methods=["GET"]),
            *more,
        ]
    )


def _read(known: Mapping[str, Json], request: Request) -> Response:
    number = nhs_number.parse(request.path_params["number"])
    if "x-request-id" not in request.headers:
        return _wrong(400, "MISSING_VALUE", "X-Request-ID header is missing")
    if number is None:
        return _wrong(400, "INVALID_RESOURCE_ID", "Resource Id is invalid")
    if number not in known:
        return _wrong(404, "RESOURCE_NOT_FOUND", "Resource not found")
    return JSONResponse(known[number], media_type=_TYPE)


def _search(known: Mapping[str, Json], request: Request) -> Response:
    asked = dict(request.query_params)
    if "x-request-id" not in request.headers:
        return _wrong(400, "MISSING_VALUE", "X-Request-ID header is missing")
    if not all(asked.get(name) for name in _NEEDED):
        return _wrong(400, "INVALID_SEARCH_DATA", "Not enough to search by")
    found = [one for one in known.values() if _fits(one, asked)]
    if len(found) > 1:
        return _wrong(200, "TOO_MANY_MATCHES", "Too many matches")
    entries = [
        {
            "fullUrl": f"{request.base_url}Patient/{one['id']}",
            "search": {"score": 1},
            "resource": one,
        }
        for one in found
    ]
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
    more = {"entry": entries} if entries else {}
    return JSONResponse(bundle | more, media_type=_TYPE)


def _number_of(person: Json) -> str:
    for one in person.get("identifier", ()):
        if one.get("system") == nhs_number.SYSTEM:
            return str(one.get("value", ""))
    return ""


def _shown(number: str, person: Json) -> Json:
    """By its NHS number, with what the index tells."""
    told = {name: person[name] for name in _SHOWN if name in person}
    return {
        **told,
        "id": number,
        "identifier": [{"system": nhs_number.SYSTEM, "value": number}],
    }


def _fits(person: Json, asked: Mapping[str, str]) -> bool:
    names = person.get("name", [])
    families = {normalise(str(one.get("family", ""))) for one in names}
    givens = {normalise(str(it)) for one in names for it in one.get("given", ())}
    homes = {_tight(one.get("postalCode", "")) for one in person.get("address", ())}
    wanted = asked.get("given", "")
    return (
        normalise(asked["family"]) in families
        and asked["birthdate"].removeprefix("eq") == person.get("birthDate")
        and (not wanted or any(one.startswith(normalise(wanted)) for one in givens))
        and asked.get("gender", person.get("gender")) == person.get("gender")
        and _tight(asked.get("address-postalcode", "")) in homes | {""}
    )


def _tight(postcode: object) -> str:
    return str(postcode).replace(" ", "").upper()


def _wrong(status: int, code: str, words: str) -> Response:
    coding = {"system": _CODES, "version": "1", "code": code, "display": words}
    issue = {"severity": "error", "code": "value", "details": {"coding": [coding]}}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    return JSONResponse(outcome, status_code=status, media_type=_TYPE)
