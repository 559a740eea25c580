# SPDX-License-Identifier: Apache-2.0
"""Triage content made for a test, and conversations through an engine."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from support.served import Served
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.triage import written
from wardkeep.fhir.triage.content import CHECKLIST, STRICT_ORDER, Content, content_of
from wardkeep.fhir.triage.engine import Answer, Engine, SetAside, Turn, take
from wardkeep.fhir.triage.in_use import Approval, library_of
from wardkeep.fhir.triage.library import shipped
from wardkeep.fhir.urgent.disposition import SYSTEM

Json = dict[str, object]
NURSE = "Practitioner/5d1f2b2e-0000-4000-8000-000000000001"


def put_into_use(server: Served, folder: Path, organisation: str, *names: str) -> None:
    """Content that comes with Wardkeep, as a clinical lead's act stores it.

    By the operator's import: no program may say what is in use.
    """
    approval = Approval(
        lead="Dr Ada Example, GMC 0000000",
        day="2026-11-29",
        words="All rules, against their sources",
        by=Person(NURSE, "Ada Example"),
    )
    entries = [
        {"resource": library_of(name, shipped(name), approval, is_on=True)}
        for name in names
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    (folder / "content.json").write_bytes(msgspec.json.encode(bundle))
    server.command("import", str(folder), "--organisation", organisation)


def question(link: str, type_: str = "boolean", **more: object) -> Json:
    return {"linkId": link, "type": type_, "text": f"Is it {link}?", **more}


def rule(
    id_: str,
    expression: str,
    disposition: str = "clinician-1h",
    *,
    red: bool = False,
    examples: Mapping[str, bool] | None = None,
    **more: object,
) -> Json:
    """With a source, and examples by their text: whether it holds."""
    shown = {f"age=40; {id_}=yes": True, f"age=40; {id_}=no": False}
    extension: list[Json] = [{"url": written.RED_FLAG, "valueBoolean": red}]
    for given, fires in (shown if examples is None else examples).items():
        parts = [
            {"url": "given", "valueString": given},
            {"url": "fires", "valueBoolean": fires},
        ]
        extension.append({"url": written.TEST, "extension": parts})
    made: Json = {
        "id": id_,
        "title": f"It is {id_}",
        "extension": extension,
        "code": [{"coding": [{"system": SYSTEM, "code": disposition}]}],
        "documentation": [
            {
                "type": "citation",
                "citation": "Somebody: A paper",
                "label": "Table 1",
                "url": "https://example.org/paper",
            }
        ],
        "condition": [
            {
                "kind": "applicability",
                "expression": {"language": "text/fhirpath", "expression": expression},
            }
        ],
    }
    return made | more


def written_as(
    questions: Sequence[Json],
    rules: Sequence[Json],
    *,
    engine: str = CHECKLIST,
    otherwise: str = "",
    applies: str = "%age >= 16",
    variables: Sequence[Json] = (),
) -> tuple[Resource, Resource]:
    """A PlanDefinition and its Questionnaire; a strict order needs `otherwise`."""
    extension: list[Json] = [{"url": written.ENGINE, "valueCode": engine}]
    if applies:
        said = {"language": "text/fhirpath", "expression": applies}
        extension.append({"url": written.APPLIES, "valueExpression": said})
    if otherwise:
        extension.append({"url": written.OTHERWISE, "valueCode": otherwise})
    extension += [
        {"url": written.VARIABLE, "valueExpression": one} for one in variables
    ]
    asked = "urn:example:questions"
    plan: Json = {
        "resourceType": "PlanDefinition",
        "url": "urn:example:content",
        "version": "1",
        "title": "Content",
        "status": "draft",
        "experimental": True,
        "extension": extension,
        "relatedArtifact": [{"type": "depends-on", "resource": f"{asked}|1"}],
        "action": list(rules),
    }
    questionnaire: Json = {
        "resourceType": "Questionnaire",
        "url": asked,
        "version": "1",
        "status": "draft",
        "title": "Content",
        "item": list(questions),
    }
    return resource(plan), resource(questionnaire)


def resource(content: Json) -> Resource:
    made = parse(msgspec.json.encode(content))
    assert isinstance(made, Resource), str(made)
    return made


def content(pair: tuple[Resource, Resource]) -> Content:
    made = content_of(*pair)
    assert isinstance(made, Content), str(made)
    return made


def strict(questions: Sequence[Json], rules: Sequence[Json]) -> Content:
    return content(
        written_as(questions, rules, engine=STRICT_ORDER, otherwise="clinician-6h")
    )


def answered(engine: Engine, turn: Turn, **said: str) -> Turn:
    """Each answer in turn; none is refused."""
    for link, value in said.items():
        found = take(engine, turn, Answer(link=link, value=value))
        assert isinstance(found, Turn), str(found)
        turn = found
    return turn


def aside(engine: Engine, turn: Turn, rule_: str, why: str = "it was mistyped") -> Turn:
    found = take(engine, turn, SetAside(rule=rule_, by=NURSE, why=why))
    assert isinstance(found, Turn), str(found)
    return found
