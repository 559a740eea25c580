# SPDX-License-Identifier: Apache-2.0
"""Compiles UCUM's table and HL7's common units into the file that searches read.

    pip download --no-deps ucumvert==0.3.2   (holds ucum-essence.xml, UCUM 2.2)
    npm pack hl7.fhir.r4.examples@4.0.1      (holds ValueSet-ucum-common.json)
    python tools/compile_ucum.py ucumvert-0.3.2-py3-none-any.whl \
        .cache/hl7.fhir.r4.examples-4.0.1.tgz

The result, src/wardkeep/fhir/search/ucum/ucum.json, depends on the two alone. UCUM's
licence asks for the notice that stands in NOTICE.
"""

import json
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree as ET

ARTEFACT = Path(__file__).parents[1] / "src/wardkeep/fhir/search/ucum/ucum.json"
ESSENCE = "ucumvert/vendor/ucum-essence.xml"
COMMON = "package/ValueSet-ucum-common.json"
T = TypeVar("T")
_NAMESPACE = {"u": "http://unitsofmeasure.org/ucum-essence"}


def main(wheel: str, package: str) -> None:
    with zipfile.ZipFile(wheel) as opened:
        # UCUM's own file out of a package that was checked: no stranger's XML.
        root = ET.fromstring(opened.read(ESSENCE))  # noqa: S314
    with tarfile.open(package) as archive:
        common = json.load(_found(archive.extractfile(COMMON)))
    table = {
        "prefixes": {
            one.attrib["Code"]: _value(one).attrib["value"]
            for one in _all(root, "prefix")
        },
        "bases": [one.attrib["Code"] for one in _all(root, "base-unit")],
        "atoms": {one.attrib["Code"]: _atom(one) for one in _all(root, "unit")},
        "usual": sorted(
            {
                concept["code"]
                for include in common["compose"]["include"]
                for concept in include["concept"]
                # An annotation names what is counted: it makes no other unit.
                if "{" not in concept["code"]
            }
        ),
    }
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    ARTEFACT.write_text(text + "\n", encoding="utf-8")


def _all(root: ET.Element, name: str) -> list[ET.Element]:
    return root.findall(f"u:{name}", _NAMESPACE)


def _value(one: ET.Element) -> ET.Element:
    return _found(one.find("u:value", _NAMESPACE))


def _found(one: T | None) -> T:
    if one is None:
        sys.exit("a part of the packages is missing: these are other versions")
    return one


def _atom(one: ET.Element) -> dict[str, object]:
    """Value and unit; of special units those of their function, and its name."""
    value = _value(one)
    function = value.find("u:function", _NAMESPACE)
    source = (value if function is None else function).attrib
    atom: dict[str, object] = {"value": source["value"], "unit": source["Unit"]}
    if function is not None:
        atom["function"] = function.attrib["name"]
    if one.get("isMetric") == "yes":
        atom["metric"] = True
    if one.get("isArbitrary") == "yes":
        atom["arbitrary"] = True
    return atom


if __name__ == "__main__":
    main(*sys.argv[1:])
