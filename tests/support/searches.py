# SPDX-License-Identifier: Apache-2.0
"""A ward that is searched over the FHIR API, and its rows' tokens as they lie there."""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from support.asgi import Answer, call
from wardkeep.assembly.database import OWNER, address_for
from wardkeep.assembly.drills.ground import HOME, Ground
from wardkeep.assembly.drills.programs import stolen_program
from wardkeep.assembly.layout import Layout
from wardkeep.base.ids import OrganisationId
from wardkeep.base.settings import Settings
from wardkeep.db.connection import connect
from wardkeep.fhir.rest import interactions
from wardkeep.fhir.rest.application import FhirApplication
from wardkeep.fhir.rest.interaction import find_interactions
from wardkeep.fhir.rest.store import Store

BASE = "http://localhost:8111/fhir"
LOINC = "http://loinc.org"
Json = dict[str, Any]
_ROWS = """
select type, id, version, coalesce(token_turn, 0) as turn, tokens, ranges,
       null::timestamptz as superseded_at
  from record.resource where tokens <> '{}' or ranges is not null
union all
select type, id, version, coalesce(token_turn, 0), tokens, ranges, superseded_at
  from record.history where tokens <> '{}' or ranges is not null
 order by superseded_at nulls first, type, id, version
"""
_MARKS = "select source, coalesce(token_turn, 0) as turn from record.import_mark"

QUERIES = (
    "Patient?family=Quillfeather",
    "Patient?given=Drill3",
    "Patient?name=qui",
    "Patient?birthdate=lt1950",
    "Patient?birthdate:missing=false",
    "Patient?address-city=nowhere&_sort=_id",
    "Patient?_has:Observation:patient:code=8867-4",
    "Patient?_has:Observation:patient:status=preliminary&_summary=count",
    "Observation?code=http://loinc.org|8867-4",
    "Observation?code:not=8867-4",
    "Observation?status=final&date=ge2024-03&_count=3",
    "Observation?date=2024-02&_sort=-date",
    "Observation?value-quantity=gt70",
    "Observation?value-quantity=ap71||/min",
    "Observation?value-quantity:missing=true",
    "Observation?subject.family=Quillfeather&_include=Observation:subject",
    "Observation?performer.name=Wren&_sort=date",
    "Observation?performer=Practitioner/wren",
    "Observation?patient={patient}&_revinclude=Provenance:target",
    "Encounter?date:missing=true&_sort=_id",
    "Encounter?participant.family=wren&_include=Encounter:participant",
    "Encounter?class=AMB,IMP",
    "Encounter?location.name=Larch",
    "Practitioner?name=wre&_revinclude=Encounter:participant",
    "Location?name:exact=Larch Ward",
    "{patient_path}/Observation?code=8867-4",
    "{patient_path}/$everything?_count=4",
)
"""Values, prefixes, ranges, negations, what is missing, chains, includes, pages."""


class TokenRow(NamedTuple):
    """What one version is found by."""

    name: tuple[int, bytes, int]
    turn: int
    tokens: tuple[int, ...]
    ranges: tuple[int, ...]

    @property
    def keys(self) -> tuple[int, ...]:
        return self.ranges[::3]

    @property
    def all(self) -> tuple[int, ...]:
        return (*self.tokens, *self.keys)


class Program:
    """A program in this process, with tokens that it gets anew."""

    def __init__(self, here: Ground) -> None:
        self._ground = here
        self.token = ""
        self.app = self.fresh_app()

    def fresh_app(self) -> FhirApplication:
        """As a web process that began just now has it."""
        here = self._ground
        store = Store.on(here.database, here.door, clock=here.clock)
        return FhirApplication(find_interactions(interactions), store, base=BASE)

    async def sign_in(self) -> None:
        self.token = await stolen_program(
            self._ground, scope="system/*.cruds", patients_per_hour=100_000
        )
        assert self.token

    async def send(
        self,
        method: str,
        path: str,
        content: Json | None = None,
        *,
        app: FhirApplication | None = None,
        **headers: str,
    ) -> Answer:
        url = path if path.startswith("/fhir") else f"/fhir/{path}"
        return await call(
            app or self.app,
            method,
            url.replace("|", "%7C"),
            headers={
                "authorization": f"Bearer {self.token}",
                "content-type": "application/fhir+json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
            body=b"" if content is None else json.dumps(content).encode(),
        )

    async def find(self, path: str, *, app: FhirApplication | None = None) -> list[str]:
        """Everything that a search gives, in order, page by page; a count as one."""
        found: list[str] = []
        while path:
            answer = await self.send("GET", path, app=app)
            assert answer.status == 200, (path, answer.text)
            bundle = json.loads(answer.body)
            if "_summary=count" in path:
                return [str(bundle["total"])]
            found += [
                f"{one['search']['mode']} {one['resource']['resourceType']}"
                f"/{one['resource']['id']}"
                for one in bundle.get("entry", [])
            ]
            path = next_of(bundle)
        return found

    async def answers(
        self, patient: str, *, app: FhirApplication | None = None
    ) -> dict[str, list[str]]:
        """What every query of the list gives."""
        named = {"patient": patient, "patient_path": f"Patient/{patient}"}
        asked = [one.format(**named) for one in QUERIES]
        return {one: await self.find(one, app=app) for one in asked}


def next_of(bundle: Mapping[str, Any]) -> str:
    """The path of the next page; empty where there is none."""
    links = {one["relation"]: one["url"] for one in bundle.get("link", [])}
    return str(links.get("next", "")).removeprefix(BASE.removesuffix("/fhir"))


def observation(id_: str, patient: str, number: int) -> Json:
    """One of many: codes, states, times and values take turns."""
    made: Json = {
        "resourceType": "Observation",
        "id": id_,
        "status": ("final", "preliminary")[number % 2],
        "code": {
            "coding": [{"system": LOINC, "code": ("8867-4", "9279-1")[number % 2]}]
        },
        "subject": {"reference": f"Patient/{patient}"},
        "performer": [{"reference": f"Practitioner/{('wren', 'finch')[number % 2]}"}],
        "effectiveDateTime": f"2024-0{1 + number % 4}-1{number % 9}",
        "issued": f"2024-0{1 + number % 4}-20T10:00:00Z",
    }
    if number % 3:
        made["valueQuantity"] = {
            "value": 66 + number % 9,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        }
    return made


def _ward(patients: Sequence[str]) -> list[Json]:
    made: list[Json] = [
        {"resourceType": "Location", "id": "larch", "name": "Larch Ward"},
        *(
            {
                "resourceType": "Practitioner",
                "id": id_,
                "name": [{"family": id_.title()}],
            }
            for id_ in ("wren", "finch")
        ),
    ]
    for number, patient in enumerate(patients):
        made.extend(
            observation(f"o-{number}-{n}", patient, number + n) for n in range(4)
        )
        made.append(
            {
                "resourceType": "Encounter",
                "id": f"e-{number}",
                "status": "finished",
                "class": {"code": ("AMB", "IMP", "EMER")[number % 3]},
                "subject": {"reference": f"Patient/{patient}"},
                "participant": [
                    {
                        "individual": {
                            "reference": f"Practitioner/{('wren', 'finch')[number % 2]}"
                        }
                    }
                ],
                "location": [{"location": {"reference": "Location/larch"}}],
            }
        )
        made.append(
            {
                "resourceType": "Provenance",
                "id": f"p-{number}",
                "target": [{"reference": f"Observation/o-{number}-0"}],
                "recorded": "2024-05-01T09:00:00Z",
                "agent": [{"who": {"reference": "Practitioner/wren"}}],
            }
        )
    return made


async def fill(program: Program, patients: Sequence[str]) -> None:
    """A ward's resources, some of them replaced and one deleted."""
    made = _ward(patients)
    for one in (*made, observation("o-0-1", patients[0], 5)):
        path = f"{one['resourceType']}/{one['id']}"
        answer = await program.send("PUT", path, one)
        assert answer.status in {200, 201}, (path, answer.text)
    answer = await program.send("DELETE", "Observation/o-0-3")
    assert answer.status in {200, 204}, answer.text


async def token_rows(settings: Settings, layout: Layout, number: int) -> list[TokenRow]:
    """All that has tokens, current and replaced lately."""
    held = await connect(address_for(settings, layout, OWNER))
    try:
        await held.serve(OrganisationId(number))
        rows = await held.fetch(_ROWS)
    finally:
        await held.close()
    return [
        TokenRow(
            (row["type"], row["id"], row["version"]),
            row["turn"],
            tuple(row["tokens"]),
            tuple(row["ranges"] or ()),
        )
        for row in rows
    ]


async def marks(settings: Settings, layout: Layout, number: int) -> dict[bytes, int]:
    """What imports know documents by, with the turn of each."""
    held = await connect(address_for(settings, layout, OWNER))
    try:
        await held.serve(OrganisationId(number))
        rows = await held.fetch(_MARKS)
    finally:
        await held.close()
    return {row["source"]: row["turn"] for row in rows}


def digest_over(rows: Sequence[TokenRow]) -> str:
    """The digest of a proof, from a dump, as docs/formats/database.md says."""
    lines = []
    for (type_, id_, version), _, tokens, ranges in rows:
        numbers = (*tokens, *ranges)
        content = hashlib.sha256(struct.pack(f">{len(numbers)}q", *numbers))
        lines.append(f"{type_}|{id_.hex()}|{version}|{content.hexdigest()}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def number_of(here: Ground) -> int:
    return here.numbers[HOME]
