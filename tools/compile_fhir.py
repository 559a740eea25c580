# SPDX-License-Identifier: Apache-2.0
"""Compiles HL7's FHIR R4 definitions into the two small files that Wardkeep reads.

    npm pack hl7.fhir.r4.examples@4.0.1      (in .cache/; 19 MB, CC0, not committed)
    python tools/compile_fhir.py .cache/hl7.fhir.r4.examples-4.0.1.tgz

The results, definitions.json and terminology.json in src/wardkeep/fhir/model/, depend
on the package alone: running the tool again changes nothing.
docs/decisions/0004-compiled-fhir.md says why.
"""

import json
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

MODEL = Path(__file__).parents[1] / "src/wardkeep/fhir/model"
ARTEFACT = MODEL / "definitions.json"
TERMINOLOGY = MODEL / "terminology.json"
SYSTEM_TYPES = {
    "http://hl7.org/fhirpath/System.String": "string",
    "http://hl7.org/fhirpath/System.Boolean": "boolean",
}
NO_PARAMETERS = ("example", "example-extension", "example-reference", "filter")
"""SearchParameters that illustrate the resource and define nothing."""
FEWEST_FOR_ANY = 100
"""A parameter that lists more targets than this means every resource type."""
CORRECTED = {
    "DocumentReference-relationship": {"relatesto": "target", "relation": "code"}
}
"""R4 has these two crossed: a reference parameter over a code. R5 has them right."""

Json = dict[str, Any]


class Package:
    """The definitions of the npm package, by resource type and canonical URL."""

    def __init__(self, path: Path) -> None:
        self._by_type: dict[str, dict[str, Json]] = {}
        for resource in _resources(path):
            of_type = self._by_type.setdefault(resource["resourceType"], {})
            of_type.setdefault(resource["url"], resource)

    def all(self, resource_type: str) -> list[Json]:
        found = self._by_type[resource_type]
        return [found[url] for url in sorted(found)]

    def find(self, resource_type: str, url: str) -> Json | None:
        return self._by_type[resource_type].get(url.split("|", maxsplit=1)[0])


def _resources(path: Path) -> Iterator[Json]:
    kept = re.compile(
        r"package/(StructureDefinition|ValueSet|CodeSystem|SearchParameter"
        r"|CompartmentDefinition)-.*\.json"
    )
    with tarfile.open(path) as archive:
        for member in sorted(archive.getmembers(), key=lambda one: one.name):
            content = archive.extractfile(member)
            if content is not None and kept.fullmatch(member.name):
                resource = json.load(content)
                if "url" in resource:
                    yield resource


class ValueSets:
    """The codes of the value sets that elements require, each kept once."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self.kept: dict[str, list[list[str]]] = {}

    def keep(self, url: str) -> str | None:
        """The value set's short name; None where its codes cannot be listed."""
        value_set = self._package.find("ValueSet", url)
        if value_set is None:
            return None
        name = url.split("|", maxsplit=1)[0].rsplit("/", 1)[-1]
        if name not in self.kept:
            codes = self._expand(value_set)
            if codes is None:
                return None
            self.kept[name] = codes
        return name

    def _expand(self, value_set: Json) -> list[list[str]] | None:
        codes: set[tuple[str, str]] = set()
        for include in value_set["compose"]["include"]:
            listed = self._listed(include)
            if listed is None:
                return None
            codes.update((include["system"], code) for code in listed)
        for exclude in value_set["compose"].get("exclude", []):
            gone = self._listed(exclude) or ()
            codes -= {(exclude["system"], code) for code in gone}
        return [list(pair) for pair in sorted(codes)]

    def _listed(self, include: Json) -> list[str] | None:
        if "concept" in include:
            return [concept["code"] for concept in include["concept"]]
        if "filter" in include or "valueSet" in include:
            return None
        system = self._package.find("CodeSystem", include["system"])
        if system is None or system["content"] != "complete":
            return None
        return list(_codes(system.get("concept", [])))


def _codes(concepts: Iterable[Json]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _codes(concept.get("concept", []))


def type_of_element(one: Json) -> str:
    """`Patient`, `code`, or a reference with its targets: `Reference(A|B)`."""
    code = SYSTEM_TYPES.get(one["code"], one["code"])
    targets = [url.rsplit("/", 1)[-1] for url in one.get("targetProfile", [])]
    if code == "Reference" and targets and "Resource" not in targets:
        return f"Reference({'|'.join(sorted(targets))})"
    return str(code)


def compile_element(element: Json, value_sets: ValueSets) -> list[Any]:
    """[minimum, maximum (0: any number), types, value set where one is required]."""
    types = [type_of_element(one) for one in element.get("type", [])]
    if "contentReference" in element:
        types = [element["contentReference"].removeprefix("#")]
    elif types in (["BackboneElement"], ["Element"]):
        types = [element["path"]]
    if element["path"].endswith(".id") and element["path"].count(".") == 1:
        is_resource = element["base"]["path"] == "Resource.id"
        types = ["id" if is_resource else "string"]
    most = 0 if element["max"] == "*" else int(element["max"])
    compiled: list[Any] = [element["min"], most, types]
    binding = element.get("binding", {})
    if binding.get("strength") == "required" and "valueSet" in binding:
        name = value_sets.keep(binding["valueSet"])
        return [*compiled, name] if name else compiled
    return compiled


def compile_type(definition: Json, value_sets: ValueSets) -> dict[str, Json]:
    """The type and its backbone elements, each with the elements of its own.

    Inherited elements (id, extension, meta …) stay with the type they come from.
    """
    name = definition["type"]
    base = definition.get("baseDefinition", "").rsplit("/", 1)[-1]
    types: dict[str, Json] = {
        name: {"kind": definition["kind"], "base": base, "elements": {}}
    }
    if definition["abstract"]:
        types[name]["abstract"] = True
    for element in definition["snapshot"]["element"][1:]:
        owner, last = element["path"].rsplit(".", 1)
        type_codes = [one["code"] for one in element.get("type", [])]
        if type_codes in (["BackboneElement"], ["Element"]):
            kind = {"kind": "backbone", "base": type_codes[0], "elements": {}}
            types[element["path"]] = kind
        if element["max"] == "0" or _is_inherited(element, owner, name):
            continue
        types[owner]["elements"][last] = compile_element(element, value_sets)
    return types


def _is_inherited(element: Json, owner: str, type_name: str) -> bool:
    if owner != type_name:
        inherited = {"Element", "BackboneElement"}
        return element["base"]["path"].split(".")[0] in inherited
    return bool(element["base"]["path"].split(".")[0] != type_name)


def compile_types(package: Package, value_sets: ValueSets) -> dict[str, Json]:
    types: dict[str, Json] = {}
    for definition in package.all("StructureDefinition"):
        is_own = definition.get("derivation") != "constraint"
        if not is_own or definition["kind"] == "logical":
            continue
        if definition["kind"] == "primitive-type":
            types[definition["type"]] = {"kind": "primitive", "pattern": ""}
            types[definition["type"]]["pattern"] = _pattern(definition)
        else:
            types.update(compile_type(definition, value_sets))
    return types


def _pattern(definition: Json) -> str:
    value = next(
        element
        for element in definition["snapshot"]["element"]
        if element["path"].endswith(".value")
    )
    for extension in value["type"][0].get("extension", []):
        if extension["url"].endswith("/regex"):
            return str(extension["valueString"])
    return ""


def compile_parameters(package: Package) -> dict[str, dict[str, Json]]:
    """Search parameters by resource type and code."""
    parameters: dict[str, dict[str, Json]] = {}
    for one in package.all("SearchParameter"):
        if one["id"] in NO_PARAMETERS:
            continue
        for base in one.get("base", []):
            compiled = _parameter(package, one, base)
            parameters.setdefault(base, {})[one["code"]] = compiled
    return parameters


def _parameter(package: Package, one: Json, base: str) -> Json:
    compiled: Json = {"type": one["type"]}
    expression = _for_base(one.get("expression", ""), base)
    if expression:
        compiled["expression"] = expression
    if "target" in one:
        is_any = len(one["target"]) > FEWEST_FOR_ANY
        compiled["targets"] = ["Resource"] if is_any else sorted(one["target"])
    if "component" in one:
        corrected = CORRECTED.get(one["id"], {})
        compiled["components"] = [
            [code, corrected.get(code, part["expression"])]
            for part in one["component"]
            for code in [_code_of(package, part["definition"])]
        ]
    return compiled


def _code_of(package: Package, url: str) -> str:
    definition = package.find("SearchParameter", url)
    if definition is None:
        message = f"no SearchParameter {url}"
        raise LookupError(message)
    return str(definition["code"])


def _for_base(expression: str, base: str) -> str:
    """The parts of a union that speak of this resource type, or of no type at all."""
    parts = [part.strip() for part in expression.split("|")]
    fitting = re.compile(rf"\(?(?:{base}\b|[a-z])")
    return " | ".join(part for part in parts if fitting.match(part))


def compile_summaries(package: Package) -> dict[str, list[str]]:
    """Of each resource type the elements of its own that are marked as summary."""
    return {
        definition["type"]: [
            element["path"].split(".", 1)[1]
            for element in definition["snapshot"]["element"][1:]
            if element.get("isSummary") and element["path"].count(".") == 1
        ]
        for definition in package.all("StructureDefinition")
        if definition["kind"] == "resource"
        and definition.get("derivation") != "constraint"
    }


def compile_compartments(package: Package) -> dict[str, dict[str, list[str]]]:
    return {
        definition["code"]: {
            member["code"]: member["param"]
            for member in definition["resource"]
            if member.get("param")
        }
        for definition in package.all("CompartmentDefinition")
        if definition["id"] != "example"
    }


def written(parts: Mapping[str, Mapping[str, Any]]) -> str:
    """JSON with one type, value set or resource type a line, so that it can be read."""
    sections = []
    for section, members in parts.items():
        lines = ",\n".join(
            f"{json.dumps(name)}:"
            + json.dumps(members[name], separators=(",", ":"), sort_keys=True)
            for name in sorted(members)
        )
        sections.append(f"{json.dumps(section)}:{{\n{lines}\n}}")
    return "{" + ",\n".join(sections) + "}\n"


def compile_code_systems(package: Package) -> dict[str, Json]:
    """Of each complete system its codes, and of those that have them the parents."""
    return {
        system["url"]: compile_code_system(system)
        for system in package.all("CodeSystem")
        if system["content"] == "complete" and "concept" in system
    }


def compile_code_system(system: Json) -> Json:
    """A concept stands below the one in which it is nested.

    And below each that names it as a `child`: HL7's v3 systems have codes with several
    parents.
    """
    parents: dict[str, set[str]] = {}
    is_a = system.get("hierarchyMeaning", "is-a") == "is-a"
    for parent, concept in _with_parents(system["concept"], ""):
        found = parents.setdefault(concept["code"], set())
        if parent and is_a:
            found.add(parent)
        for one in concept.get("property", []):
            if one["code"] == "child" and is_a:
                parents.setdefault(one["valueCode"], set()).add(concept["code"])
    codes = list(_codes(system["concept"]))
    tree = {code: sorted(parents[code]) for code in sorted(codes) if parents[code]}
    return {"codes": codes, "parents": tree} if tree else {"codes": codes}


def _with_parents(concepts: Iterable[Json], parent: str) -> Iterator[tuple[str, Json]]:
    for concept in concepts:
        yield parent, concept
        yield from _with_parents(concept.get("concept", []), concept["code"])


def compile_value_sets(package: Package) -> dict[str, Json]:
    """What each value set is composed of; what of it can be listed is found at use."""
    return {
        one["url"]: {
            part: [_composed(given) for given in one["compose"][part]]
            for part in ("include", "exclude")
            if part in one["compose"]
        }
        for one in package.all("ValueSet")
        if "compose" in one
    }


def _composed(given: Json) -> Json:
    """A part of a value set's composition, as terminology.py reads it."""
    found: Json = {}
    if "system" in given:
        found["system"] = given["system"]
    if "concept" in given:
        found["codes"] = [concept["code"] for concept in given["concept"]]
    if "filter" in given:
        found["filters"] = [
            [one["property"], one["op"], one["value"]] for one in given["filter"]
        ]
    if "valueSet" in given:
        found["value_sets"] = given["valueSet"]
    return found


def compiled_terminology(archive: Path) -> str:
    """The second artefact's text, made from the npm package."""
    package = Package(archive)
    return written(
        {
            "systems": compile_code_systems(package),
            "value_sets": compile_value_sets(package),
        }
    )


def compiled(archive: Path) -> str:
    """The first artefact's text, made from the npm package."""
    package = Package(archive)
    value_sets = ValueSets(package)
    types = compile_types(package, value_sets)
    return written(
        {
            "types": types,
            "value_sets": value_sets.kept,
            "parameters": compile_parameters(package),
            "compartments": compile_compartments(package),
            "summaries": compile_summaries(package),
        }
    )


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__)
        return 2
    for artefact, compile_it in (
        (ARTEFACT, compiled),
        (TERMINOLOGY, compiled_terminology),
    ):
        text = compile_it(Path(arguments[0]))
        artefact.write_text(text, encoding="utf-8")
        print(f"{artefact}: {len(text):,} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
