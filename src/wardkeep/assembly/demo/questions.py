# SPDX-License-Identifier: Apache-2.0
"""What the demo's clinics ask of whoever arrives, in three languages."""

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.stable_ids import stable_id

_TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
_CHECK_IN = {"system": "urn:wardkeep:questionnaire", "code": "check-in"}


def _said(**languages: str) -> Json:
    """Beside a text, the same in other languages."""
    return {
        "extension": [
            {
                "url": _TRANSLATION,
                "extension": [
                    {"url": "lang", "valueCode": code},
                    {"url": "content", "valueString": words},
                ],
            }
            for code, words in languages.items()
        ]
    }


def arrival_questions(organisation: DemoOrganisation) -> Json:
    """Three questions; the second is asked of those who need it."""
    id_ = stable_id(organisation.slug, "Questionnaire", "arrival")
    fields: Json = {
        "url": f"urn:uuid:{id_}",
        "version": "1",
        "status": "active",
        "title": "Before you are seen",
        "subjectType": ["Patient"],
        "code": [_CHECK_IN],
        "item": [
            {
                "linkId": "interpreter",
                "type": "boolean",
                "text": "Do you need an interpreter?",
                "_text": _said(
                    cy="Oes angen cyfieithydd arnoch?",
                    pl="Czy potrzebny jest tłumacz?",
                ),
            },
            {
                "linkId": "language",
                "type": "string",
                "text": "For which language?",
                "_text": _said(cy="Ar gyfer pa iaith?", pl="Jakiego języka?"),
                "maxLength": 60,
                "enableWhen": [
                    {
                        "question": "interpreter",
                        "operator": "=",
                        "answerBoolean": True,
                    }
                ],
            },
            {
                "linkId": "help",
                "type": "boolean",
                "text": "Would you like help to get to the clinic?",
                "_text": _said(
                    cy="Hoffech chi help i gyrraedd y clinig?",
                    pl="Czy pomóc w dojściu do poradni?",
                ),
            },
        ],
    }
    return entry_of("Questionnaire", id_, fields)
