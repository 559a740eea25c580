# SPDX-License-Identifier: Apache-2.0
"""A formulary and a form of prescriptions, as drills and stories use them."""

from wardkeep.fhir.prescriptions.formulary import Item

AMOXICILLIN = Item(
    id="formulary-amoxicillin",
    words="Amoxicillin 500 mg capsules",
    unit="capsule",
    supplied="capsules",
    routes=("oral",),
    is_stock=True,
    most_days=14,
)
DIAZEPAM = Item(
    id="formulary-diazepam",
    words="Diazepam 2 mg tablets",
    unit="tablet",
    supplied="tablets",
    routes=("oral",),
    schedule="4",
    is_stock=True,
    most_days=3,
)
PREGABALIN = Item(
    id="formulary-pregabalin",
    words="Pregabalin 75 mg capsules",
    unit="capsule",
    supplied="capsules",
    routes=("oral",),
    schedule="3",
    is_stock=True,
)
ITEMS = (AMOXICILLIN, DIAZEPAM, PREGABALIN)


def typed(item: Item, **more: str) -> dict[str, str]:
    """A form that is right."""
    return {
        "medicine": item.id,
        "dose": "1",
        "route": "oral",
        "often": "twice",
        "days": "3",
        "quantity": "6",
        "why": "Back spasm",
        "number": "GMC 0000000",
        **more,
    }
