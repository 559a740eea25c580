# SPDX-License-Identifier: Apache-2.0
"""A PlanDefinition as triage content is written in it (docs/formats/triage.md).

https://hl7.org/fhir/R4/plandefinition.html: each action is a rule, its condition says
when it holds, its code is the disposition, its documentation the source. Variables are
HL7's own extension `variable`. What R4 has no place for is in extensions of ours.
"""

import msgspec

from wardkeep.fhir.questionnaires.questionnaire import Coding

_OWN = "urn:wardkeep:triage:"
ENGINE, OTHERWISE, APPLIES = f"{_OWN}engine", f"{_OWN}otherwise", f"{_OWN}applies"
RED_FLAG, UNCHECKED, TEST = f"{_OWN}red-flag", f"{_OWN}unchecked", f"{_OWN}test"
SAFE_SIDE = f"{_OWN}safe-side"
"""Of a question in a strict order: what counts where the caller is not sure."""
TO_PATIENT = f"{_OWN}to-patient"
"""Of a question: its words where the patient answers it themself."""
WORDED = f"{_OWN}worded"
"""Of a question in a strict order, repeated: other words for some, as for babies."""
ASKED_OF = f"{_OWN}asked-of"
"""Of a question in a strict order: of whom it is asked; without it, of everybody."""
VARIABLE = "http://hl7.org/fhir/StructureDefinition/variable"
DEPENDS_ON = "depends-on"


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    """Some elements of a FHIR type; the rest is skipped."""


class Expression(_Part, frozen=True):
    """https://hl7.org/fhir/R4/metadatatypes.html#Expression."""

    name: str = ""
    description: str = ""
    language: str = ""
    expression: str = ""


class Extension(_Part, frozen=True):
    """What R4 itself has no place for."""

    url: str = ""
    value_boolean: bool | None = None
    value_code: str = ""
    value_string: str = ""
    value_expression: Expression | None = None
    extension: tuple["Extension", ...] = ()


class Artifact(_Part, frozen=True):
    """RelatedArtifact."""

    type: str = ""
    label: str = ""
    citation: str = ""
    url: str = ""
    resource: str = ""


class Concept(_Part, frozen=True):
    """CodeableConcept."""

    coding: tuple[Coding, ...] = ()


class When(_Part, frozen=True):
    """`action.condition`."""

    kind: str = ""
    expression: Expression = Expression()


class Action(_Part, frozen=True):
    """One rule."""

    id: str = ""
    title: str = ""
    code: tuple[Concept, ...] = ()
    documentation: tuple[Artifact, ...] = ()
    condition: tuple[When, ...] = ()
    extension: tuple[Extension, ...] = ()
    action: tuple[msgspec.Raw, ...] = ()


class Plan(_Part, frozen=True):
    """The whole content."""

    resource_type: str = ""
    url: str = ""
    version: str = ""
    status: str = ""
    experimental: bool = False
    title: str = ""
    description: str = ""
    extension: tuple[Extension, ...] = ()
    related_artifact: tuple[Artifact, ...] = ()
    action: tuple[Action, ...] = ()

    def said(self, url: str) -> Extension:
        """An extension by its URL; an empty one where there is none."""
        return said_in(self.extension, url)

    @property
    def asks(self) -> str:
        """The canonical of its Questionnaire, with its version."""
        found = [
            one.resource for one in self.related_artifact if one.type == DEPENDS_ON
        ]
        return found[0] if found else ""


def said_in(extensions: tuple[Extension, ...], url: str) -> Extension:
    return next((one for one in extensions if one.url == url), Extension())


_decode = msgspec.json.Decoder(Plan).decode


def read_plan(text: bytes) -> Plan | None:
    """None where the elements that are read here are not what R4 says."""
    try:
        return _decode(text)
    except msgspec.DecodeError:
        return None
