# SPDX-License-Identifier: Apache-2.0
"""The two organisations of the demo and the places inside them."""

from typing import Literal

import msgspec

from wardkeep.assembly.demo.stable_ids import stable_id

PlaceKind = Literal["ward", "clinic", "area"]


class Place(msgspec.Struct, frozen=True):
    """A ward, a clinic or a part of the town that carers visit."""

    key: str
    name: str
    kind: PlaceKind
    specialty: str


class DemoOrganisation(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant of the demo: what the installation must be told about it."""

    slug: str
    name: str
    kind: Literal["hospital", "home care"]
    patient_count: int
    first_nhs_body: int
    """Where its share of the NHS test range begins."""
    local_prefix: str
    """Begins every hospital or client number."""
    surgery: str
    """The GP surgery whose patients these are."""
    surgery_code: str
    """Its ODS code, of a kind that no surgery has."""
    places: tuple[Place, ...]

    @property
    def resource_id(self) -> str:
        """The id of its FHIR Organization."""
        return stable_id(self.slug, "Organization")

    @property
    def surgery_id(self) -> str:
        return stable_id(self.slug, "Organization", "surgery")

    @property
    def local_number_system(self) -> str:
        """The identifier system of its own patient numbers."""
        return f"https://example.org/{self.slug}/patient-number"

    def place_id(self, key: str) -> str:
        """The id of a place's FHIR Location."""
        return stable_id(self.slug, "Location", key)


_FERNHILL_PLACES = (
    Place("kestrel", "Kestrel Ward", "ward", "General medicine"),
    Place("heron", "Heron Ward", "ward", "Chest medicine"),
    Place("wren", "Wren Ward", "ward", "Surgery"),
    Place("otter", "Otter Ward", "ward", "Children"),
    Place("diabetes", "Diabetes clinic", "clinic", "Diabetes and kidney medicine"),
    Place("heart", "Heart clinic", "clinic", "Heart medicine"),
    Place("chest", "Chest clinic", "clinic", "Chest medicine"),
    Place("joints", "Joints and bones clinic", "clinic", "Orthopaedics"),
    Place("antenatal", "Antenatal clinic", "clinic", "Maternity"),
    Place("memory", "Memory and nerves clinic", "clinic", "Neurology"),
    Place("children", "Children's clinic", "clinic", "Children"),
    Place("general", "General clinic", "clinic", "General medicine"),
)

_LARKSPUR_PLACES = (
    Place("north", "North round, Puddleford", "area", "Home care"),
    Place("south", "South round, Nether Thimble", "area", "Home care"),
)

FERNHILL = DemoOrganisation(
    slug="fernhill",
    name="Fernhill Hospital",
    kind="hospital",
    patient_count=200,
    first_nhs_body=210_007,
    local_prefix="FH",
    surgery="Puddle Lane Surgery",
    surgery_code="ZZ901",
    places=_FERNHILL_PLACES,
)

LARKSPUR = DemoOrganisation(
    slug="larkspur",
    name="Larkspur Home Care",
    kind="home care",
    patient_count=200,
    first_nhs_body=610_013,
    local_prefix="LK",
    surgery="Toadstool Green Surgery",
    surgery_code="ZZ902",
    places=_LARKSPUR_PLACES,
)


def demo_organisations() -> tuple[DemoOrganisation, ...]:
    return (FERNHILL, LARKSPUR)
