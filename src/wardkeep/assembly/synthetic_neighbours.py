# SPDX-License-Identifier: Apache-2.0
"""What stands for a repeat caller service and a surgery in demonstrations and tests.

They are kept in memory, by the published rules: calls count for 96 hours and are then
forgotten, and a Bundle is created once for an identifier (FHIR's conditional create).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wardkeep.base.clock import Clock, SystemClock
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.post.repeat_calls import NO, PARTIAL, YES, answer, withdrawn_in
from wardkeep.fhir.urgent.caller import facts_of
from wardkeep.fhir.urgent.repeat import WINDOW, Earlier, Facts, likeness_of, repeats_of

Json = dict[str, Any]
REPEAT_CALLERS, SURGERY = "/repeat-callers", "/surgery"
"""Below the address at which they listen."""
_TYPE = "application/fhir+json"
_BODY = 1024 * 1024


class Call(msgspec.Struct, frozen=True):
    """One that was reported."""

    facts: Facts
    began: datetime


class Box:
    """Bundles by their identifier: a second one of the same creates nothing."""

    def __init__(self) -> None:
        self.bundles: dict[str, Json] = {}

    async def create(self, request: Request) -> Response:
        raw = await request.body()
        asked = parse_qs(request.headers.get("if-none-exist", "")).get("identifier")
        try:
            bundle = msgspec.json.decode(raw[:_BODY], type=Json)
        except msgspec.DecodeError:
            return _wrong(400, "structure")
        said = bundle.get("identifier")
        named = f"{said.get('system')}|{said.get('value')}" if said else ""
        if bundle.get("resourceType") != "Bundle" or asked != [named]:
            return _wrong(422, "invariant")
        is_there = named in self.bundles
        self.bundles.setdefault(named, bundle)
        return JSONResponse(
            self.bundles[named], status_code=200 if is_there else 201, media_type=_TYPE
        )


class RepeatCallerDesk:
    """Who rang whom in the last 96 hours, and whether it is the third time."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self.box = Box()

    async def ask(self, request: Request) -> Response:
        try:
            asked = msgspec.json.decode((await request.body())[:_BODY], type=Json)
        except msgspec.DecodeError:
            return _wrong(400, "structure")
        said = {one.get("name"): one for one in asked.get("parameter", ())}
        at = moment_in(said.get("at", {}).get("valueInstant"))
        patient = said.get("patient", {}).get("resource")
        if at is None or not isinstance(patient, dict):
            return _wrong(400, "required")
        own = str(said.get("call", {}).get("valueString", ""))
        found = self._found(own, _facts(patient), at)
        return JSONResponse(found, media_type=_TYPE)

    def _found(self, own: str, facts: Facts, at: datetime) -> Json:
        earlier = (
            Earlier(
                case=case,
                began=call.began,
                likeness=likeness_of(facts, call.facts),
            )
            for case, call in self._calls().items()
        )
        repeats = repeats_of(own, at, earlier)
        if repeats.needs_clinician:
            return answer(YES, (one.began for one in repeats.sure))
        return answer(PARTIAL if repeats.asks else NO)

    def _calls(self) -> dict[str, Call]:
        """What still counts; the rest is forgotten."""
        now, kept = self._clock.now(), {}
        back = {withdrawn_in(one) for one in self.box.bundles.values()}
        for named, bundle in tuple(self.box.bundles.items()):
            call = _call_in(bundle)
            name = named.partition("|")[2]
            if call is None or call.began < now - WINDOW or name in back:
                # What takes a call back stays: its first word may come behind it.
                if not withdrawn_in(bundle):
                    del self.box.bundles[named]
            else:
                kept[name] = call
        return kept


def neighbours(
    desk: RepeatCallerDesk | None = None, surgery: Box | None = None
) -> tuple[Route, ...]:
    """Both, as routes; each request of a token is given one."""
    desk, surgery = desk or RepeatCallerDesk(), surgery or Box()
    ask, create = f"{REPEAT_CALLERS}/Patient/$repeat-caller", f"{REPEAT_CALLERS}/Bundle"
    return (
        Route(ask, desk.ask, methods=["POST"]),
        Route(create, desk.box.create, methods=["POST"]),
        Route(f"{SURGERY}/fhir/Bundle", surgery.create, methods=["POST"]),
        Route(f"{SURGERY}/token", _token, methods=["POST"]),
    )


async def _token(request: Request) -> Response:
    await request.body()
    said = {"access_token": "demo", "token_type": "bearer", "expires_in": 60}
    return JSONResponse(said)


def _facts(patient: Mapping[str, Any]) -> Facts:
    """A number that is told was verified by whoever tells it."""
    found = facts_of(dict(patient))
    return msgspec.structs.replace(found, is_verified=bool(found.number))


def _call_in(bundle: Json) -> Call | None:
    resources = [one.get("resource", {}) for one in bundle.get("entry", ())]
    by_type = {one.get("resourceType"): one for one in resources}
    patient, encounter = by_type.get("Patient"), by_type.get("Encounter")
    if patient is None or encounter is None:
        return None
    began = moment_in(encounter.get("period", {}).get("start"))
    return None if began is None else Call(_facts(patient), began)


def _wrong(status: int, code: str) -> Response:
    issue = {"severity": "error", "code": code}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    return JSONResponse(outcome, status_code=status, media_type=_TYPE)
