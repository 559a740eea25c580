# SPDX-License-Identifier: Apache-2.0
"""How the demo's clinics are found: a colour to follow, chairs, and a lift."""

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.organisations import DemoOrganisation, Place
from wardkeep.fhir.clinics.directions import Directions, extensions_of

_COLOURS = (
    ("blue", "las", "niebieskiej"),
    ("green", "werdd", "zielonej"),
    ("yellow", "felen", "żółtej"),
    ("red", "goch", "czerwonej"),
)
"""In English, Welsh and Polish."""


def directions_to(organisation: DemoOrganisation, place: Place) -> Json:
    """The elements of a clinic's Location that say it; none of another place."""
    if place.kind != "clinic":
        return {}
    clinics = [one for one in organisation.places if one.kind == "clinic"]
    nth = clinics.index(place)
    english, welsh, polish = _COLOURS[nth % len(_COLOURS)]
    area = nth // 2 + 1
    said = Directions(
        texts={
            "area": {
                "en": f"waiting area {area}",
                "cy": f"ardal aros {area}",
                "pl": f"poczekalnia {area}",
            },
            "way": {
                "en": f"Follow the {english} line from the main entrance",
                "cy": f"Dilynwch y llinell {welsh} o'r brif fynedfa",
                "pl": f"Proszę iść wzdłuż {polish} linii od głównego wejścia",
            },
            "step-free": {
                "en": "take lift B beside the shop to the ground floor",
                "cy": "defnyddiwch lifft B wrth y siop i'r llawr gwaelod",
                "pl": "winda B obok sklepu, na parter",
            },
        }
    )
    return {"extension": extensions_of(said)}
