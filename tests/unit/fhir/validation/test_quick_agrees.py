# SPDX-License-Identifier: Apache-2.0
"""The quick answer never says yes where the close look finds a problem."""

import copy
from typing import Any

from hypothesis import given, settings, strategies as st

from wardkeep.fhir.validation import quick, walk

RESOURCES: list[dict[str, Any]] = [
    {
        "resourceType": "Patient",
        "id": "p1",
        "contained": [{"resourceType": "Organization", "id": "o", "name": "N"}],
        "extension": [
            {"url": "http://x.org/a", "valueCode": "a"},
            {"url": "http://x.org/b", "extension": [{"url": "c", "valueDate": "2021"}]},
        ],
        "identifier": [{"system": "http://x.org", "value": "1", "use": "official"}],
        "name": [{"family": "Q", "given": ["A", "B"], "_given": [{"id": "x"}, None]}],
        "gender": "female",
        "birthDate": "1970-02-28",
        "deceasedBoolean": False,
        "multipleBirthInteger": 2,
        "managingOrganization": {"reference": "#o", "type": "Organization"},
        "link": [{"other": {"reference": "Patient/2"}, "type": "seealso"}],
    },
    {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "M"},
        "subject": {"reference": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
        "dosageInstruction": [
            {
                "sequence": 1,
                "timing": {"event": ["2021-02-03"], "repeat": {"frequency": 2}},
                "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "t"}}],
            }
        ],
    },
]
values: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, "", "x", "2021-02-30", "2021", "Patient/1"),
        *([], [None], ["x"], [{}], {}, {"id": "x"}, {"reference": "Nobody/1"}, "#o"),
        *({"url": "x", "valueCode": "y"}, [{"url": "x"}], {"resourceType": "Patient"}),
    ]
)
keys = st.sampled_from(
    [
        *("id", "_id", "extension", "url", "valueCode", "valueDate", "_valueCode"),
        *("given", "_given", "deceasedDateTime", "_deceasedDateTime", "reference"),
        *("type", "status", "resourceType", "contained", "foo", "_foo", "coding"),
        *("medicationReference", "system", "_system", "name", "period"),
    ]
)


def spots_in(node: object) -> list[Any]:
    """Every object and array of a resource."""
    if isinstance(node, dict):
        return [node, *(spot for one in node.values() for spot in spots_in(one))]
    if isinstance(node, list):
        return [node, *(spot for one in node for spot in spots_in(one))]
    return []


def change(content: dict[str, Any], data: st.DataObject) -> None:
    spot = data.draw(st.sampled_from(spots_in(content)))
    if isinstance(spot, dict):
        key = data.draw(keys | st.sampled_from(sorted(spot)) if spot else keys)
        if data.draw(st.booleans()):
            spot.pop(key, None)
        else:
            spot[key] = copy.deepcopy(data.draw(values))
    else:
        spot.insert(0, copy.deepcopy(data.draw(values)))


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(RESOURCES), st.integers(1, 2), st.data())
def test_quick_yes_means_no_problem_on_the_close_look(
    original: dict[str, Any], changes: int, data: st.DataObject
) -> None:
    content = copy.deepcopy(original)
    for _ in range(changes):
        change(content, data)
    type_name = content["resourceType"] = original["resourceType"]
    found = walk.problems_in(type_name, content)
    if quick.is_surely_right(type_name, content):
        assert found == ()
