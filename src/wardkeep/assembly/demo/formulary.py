# SPDX-License-Identifier: Apache-2.0
"""The demonstration's formulary: names, strengths and schedules that anybody may know.

No code of dm+d is given: none was at hand that could be held against a release, and a
wrong one is worse than none. Schedules are those of the Misuse of Drugs Regulations
2001 and its amendments; how long a course may last is made up.
"""

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.fhir.prescriptions.formulary import Item, item_content

_ORAL, _INHALED = ("oral",), ("inhaled",)
_ITEMS = (
    ("amoxicillin-500", "Amoxicillin 500 mg capsules", "capsule", "capsules", _ORAL),
    (
        "nitrofurantoin",
        "Nitrofurantoin 100 mg MR capsules",
        "capsule",
        "capsules",
        _ORAL,
    ),
    ("paracetamol-500", "Paracetamol 500 mg tablets", "tablet", "tablets", _ORAL),
    ("ibuprofen-400", "Ibuprofen 400 mg tablets", "tablet", "tablets", _ORAL),
    ("prednisolone-5", "Prednisolone 5 mg tablets", "tablet", "tablets", _ORAL),
    ("salbutamol", "Salbutamol 100 micrograms inhaler", "puff", "inhalers", _INHALED),
    ("chloramphenicol", "Chloramphenicol 0.5% eye drops", "drop", "bottles", ("eye",)),
    ("morphine-oral", "Morphine 10 mg/5 ml oral solution", "ml", "ml", _ORAL),
    ("morphine-10", "Morphine 10 mg/1 ml injection", "ml", "ampoules", ("sc", "im")),
    ("diazepam-2", "Diazepam 2 mg tablets", "tablet", "tablets", _ORAL),
    ("pregabalin-75", "Pregabalin 75 mg capsules", "capsule", "capsules", _ORAL),
)
_SCHEDULES = {
    "morphine-oral": "5",
    "morphine-10": "2",
    "diazepam-2": "4",
    "pregabalin-75": "3",
}
_STOCK = frozenset(
    {"amoxicillin-500", "paracetamol-500", "salbutamol", "prednisolone-5", "diazepam-2"}
)
_MOST_DAYS = {"diazepam-2": 3, "pregabalin-75": 7, "morphine-10": 7}
ITEMS = tuple(
    Item(
        id=f"formulary-{key}",
        words=words,
        unit=unit,
        supplied=supplied,
        routes=routes,
        schedule=_SCHEDULES.get(key, ""),
        is_stock=key in _STOCK,
        most_days=_MOST_DAYS.get(key, 14),
    )
    for key, words, unit, supplied, routes in _ITEMS
)


def formulary_entries(organisation: DemoOrganisation) -> list[Json]:
    """What clinicians of urgent care may prescribe."""
    if organisation.kind != "hospital":
        return []
    found = []
    for one in ITEMS:
        fields = dict(item_content(one))
        kind, id_ = fields.pop("resourceType"), fields.pop("id")
        found.append(entry_of(kind, id_, fields))
    return found
