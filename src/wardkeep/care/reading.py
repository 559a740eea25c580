# SPDX-License-Identifier: Apache-2.0
"""What pages read of each FHIR R4 resource, and nothing more.

Decoding straight into these structs skips what a page does not show: about 2 µs a
resource against 10 for a dictionary (docs/performance.md). Every field is optional:
a record that came from elsewhere may lack any of them, and the page says so in words.
"""

from decimal import Decimal

import msgspec

from wardkeep.fhir.assessments.assessment import SCORE
from wardkeep.fhir.model.primitives import EARLIEST, span_of


def moment_of(text: str) -> int:
    """When a FHIR time begins, whatever zone it is written in, to sort by.

    UTC microseconds since 1970; long ago where nothing is said.
    """
    span = span_of(text)
    return EARLIEST if span is None else span.low


class _Part(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Some elements of a FHIR type; the rest is skipped."""


class Coding(_Part, frozen=True):
    system: str = ""
    code: str = ""
    display: str = ""


class Concept(_Part, frozen=True):
    """CodeableConcept."""

    coding: tuple[Coding, ...] = ()
    text: str = ""

    @property
    def words(self) -> str:
        """The concept as people read it; empty where it has neither text nor code."""
        if self.text:
            return self.text
        for coding in self.coding:
            if coding.display:
                return coding.display
        return self.coding[0].code if self.coding else ""

    def has_code(self, *codes: str) -> bool:
        return any(coding.code in codes for coding in self.coding)


class Quantity(_Part, frozen=True):
    value: Decimal | None = None
    comparator: str = ""
    unit: str = ""
    code: str = ""

    @property
    def words(self) -> str:
        """Value as written, 0 and trailing noughts included, and its unit."""
        if self.value is None:
            return ""
        number = f"{self.comparator}{self.value}"
        unit = self.unit or self.code
        return f"{number} {unit}".strip()


class Period(_Part, frozen=True):
    start: str = ""
    end: str = ""


class Reference(_Part, frozen=True):
    reference: str = ""
    display: str = ""


class Name(_Part, frozen=True):
    use: str = ""
    text: str = ""
    family: str = ""
    given: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()


class Identifier(_Part, frozen=True):
    system: str = ""
    value: str = ""


class Contact(_Part, frozen=True):
    system: str = ""
    value: str = ""
    use: str = ""


class Address(_Part, frozen=True):
    use: str = ""
    text: str = ""
    line: tuple[str, ...] = ()
    city: str = ""
    postal_code: str = ""

    @property
    def words(self) -> str:
        parts = [*self.line, self.city, self.postal_code]
        return self.text or ", ".join(part for part in parts if part)


class ContactPerson(_Part, frozen=True):
    """Whom to call about a patient: next of kin, or somebody else."""

    name: Name = Name()
    telecom: tuple[Contact, ...] = ()

    @property
    def words(self) -> str:
        return self.name.text or " ".join((*self.name.given, self.name.family)).strip()


class Patient(_Part, frozen=True):
    id: str = ""
    identifier: tuple[Identifier, ...] = ()
    name: tuple[Name, ...] = ()
    telecom: tuple[Contact, ...] = ()
    gender: str = ""
    birth_date: str = ""
    deceased_boolean: bool | None = None
    deceased_date_time: str = ""
    address: tuple[Address, ...] = ()
    general_practitioner: tuple[Reference, ...] = ()
    contact: tuple[ContactPerson, ...] = ()


class Condition(_Part, frozen=True):
    id: str = ""
    clinical_status: Concept = Concept()
    verification_status: Concept = Concept()
    code: Concept = Concept()
    onset_date_time: str = ""
    onset_period: Period = Period()
    abatement_date_time: str = ""
    recorded_date: str = ""


class Dosage(_Part, frozen=True):
    text: str = ""


class MedicationRequest(_Part, frozen=True):
    id: str = ""
    status: str = ""
    medication_codeable_concept: Concept = Concept()
    medication_reference: Reference = Reference()
    authored_on: str = ""
    dosage_instruction: tuple[Dosage, ...] = ()


class Administered(_Part, frozen=True):
    """How much of a medicine was given, and where."""

    text: str = ""
    dose: Quantity = Quantity()
    site: Concept = Concept()


class MedicationDispense(_Part, frozen=True):
    """What was handed over, as from a base's stock."""

    id: str = ""
    status: str = ""
    medication_codeable_concept: Concept = Concept()
    medication_reference: Reference = Reference()
    quantity: Quantity = Quantity()
    when_handed_over: str = ""
    authorizing_prescription: tuple[Reference, ...] = ()


class MedicationAdministration(_Part, frozen=True):
    id: str = ""
    status: str = ""
    status_reason: tuple[Concept, ...] = ()
    medication_codeable_concept: Concept = Concept()
    medication_reference: Reference = Reference()
    effective_date_time: str = ""
    effective_period: Period = Period()
    dosage: Administered = Administered()
    request: Reference = Reference()


class MedicationStatement(_Part, frozen=True):
    id: str = ""
    status: str = ""
    medication_codeable_concept: Concept = Concept()
    effective_date_time: str = ""
    effective_period: Period = Period()
    dosage: tuple[Dosage, ...] = ()


class Reaction(_Part, frozen=True):
    manifestation: tuple[Concept, ...] = ()
    severity: str = ""


class AllergyIntolerance(_Part, frozen=True):
    id: str = ""
    clinical_status: Concept = Concept()
    verification_status: Concept = Concept()
    code: Concept = Concept()
    criticality: str = ""
    recorded_date: str = ""
    reaction: tuple[Reaction, ...] = ()


class ReferenceRange(_Part, frozen=True):
    low: Quantity = Quantity()
    high: Quantity = Quantity()
    text: str = ""


class Ratio(_Part, frozen=True):
    numerator: Quantity = Quantity()
    denominator: Quantity = Quantity()

    @property
    def words(self) -> str:
        both = (self.numerator.words, self.denominator.words)
        return " : ".join(both) if all(both) else ""


class Component(_Part, frozen=True):
    code: Concept = Concept()
    value_quantity: Quantity = Quantity()
    value_codeable_concept: Concept = Concept()
    value_string: str = ""
    value_boolean: bool | None = None
    value_integer: int | None = None
    value_ratio: Ratio = Ratio()
    value_range: ReferenceRange = ReferenceRange()
    value_date_time: str = ""
    value_time: str = ""


class Observation(_Part, frozen=True):
    id: str = ""
    status: str = ""
    category: tuple[Concept, ...] = ()
    code: Concept = Concept()
    effective_date_time: str = ""
    effective_period: Period = Period()
    issued: str = ""
    value_quantity: Quantity = Quantity()
    value_codeable_concept: Concept = Concept()
    value_string: str = ""
    value_boolean: bool | None = None
    value_integer: int | None = None
    value_ratio: Ratio = Ratio()
    value_range: ReferenceRange = ReferenceRange()
    value_date_time: str = ""
    value_time: str = ""
    data_absent_reason: Concept = Concept()
    interpretation: tuple[Concept, ...] = ()
    reference_range: tuple[ReferenceRange, ...] = ()
    component: tuple[Component, ...] = ()

    @property
    def when(self) -> str:
        return self.effective_date_time or self.effective_period.start or self.issued


class Encounter(_Part, frozen=True):
    id: str = ""
    status: str = ""
    class_: Coding = msgspec.field(name="class", default=Coding())
    type: tuple[Concept, ...] = ()
    reason_code: tuple[Concept, ...] = ()
    period: Period = Period()
    service_provider: Reference = Reference()


class Procedure(_Part, frozen=True):
    id: str = ""
    status: str = ""
    code: Concept = Concept()
    performed_date_time: str = ""
    performed_period: Period = Period()


class Immunization(_Part, frozen=True):
    id: str = ""
    status: str = ""
    vaccine_code: Concept = Concept()
    occurrence_date_time: str = ""


class Attachment(_Part, frozen=True):
    content_type: str = ""
    data: str = ""
    title: str = ""


class Content(_Part, frozen=True):
    attachment: Attachment = Attachment()


class DocumentReference(_Part, frozen=True):
    id: str = ""
    status: str = ""
    type: Concept = Concept()
    date: str = ""
    description: str = ""
    content: tuple[Content, ...] = ()


class DiagnosticReport(_Part, frozen=True):
    id: str = ""
    status: str = ""
    code: Concept = Concept()
    effective_date_time: str = ""
    issued: str = ""
    conclusion: str = ""


class Appointment(_Part, frozen=True):
    id: str = ""
    status: str = ""
    description: str = ""
    service_type: tuple[Concept, ...] = ()
    start: str = ""


class Flag(_Part, frozen=True):
    id: str = ""
    status: str = ""
    category: tuple[Concept, ...] = ()
    code: Concept = Concept()
    period: Period = Period()
    extension: "tuple[Extension, ...]" = ()


class ServiceRequest(_Part, frozen=True):
    id: str = ""
    status: str = ""
    code: Concept = Concept()
    occurrence_date_time: str = ""
    authored_on: str = ""


class ClinicalImpression(_Part, frozen=True):
    id: str = ""
    status: str = ""
    date: str = ""
    assessor: Reference = Reference()


class Narrative(_Part, frozen=True):
    div: str = ""


class Section(_Part, frozen=True):
    title: str = ""
    text: Narrative = Narrative()
    section: tuple["Section", ...] = ()


class Event(_Part, frozen=True):
    period: Period = Period()


class Composition(_Part, frozen=True):
    id: str = ""
    status: str = ""
    type: Concept = Concept()
    date: str = ""
    title: str = ""
    author: tuple[Reference, ...] = ()
    event: tuple[Event, ...] = ()
    section: tuple[Section, ...] = ()


class Extension(_Part, frozen=True):
    url: str = ""
    value_string: str = ""
    value_date_time: str = ""


class Beside(_Part, frozen=True):
    """What stands beside a primitive."""

    extension: tuple[Extension, ...] = ()


class QuestionnaireResponse(_Part, frozen=True):
    id: str = ""
    status: str = ""
    authored: str = ""
    author: Reference = Reference()
    questionnaire: str = ""
    extension: tuple[Extension, ...] = ()
    beside: Beside = msgspec.field(default=Beside(), name="_questionnaire")

    @property
    def title(self) -> str:
        """Of what was asked; empty where the response does not say."""
        return next((one.value_string for one in self.beside.extension), "")

    @property
    def score(self) -> str:
        """As it was when it was signed, in words; empty where it is no scale."""
        said = [one.value_string for one in self.extension if one.url == SCORE]
        return said[0] if said else ""


class CarePlan(_Part, frozen=True):
    id: str = ""
    status: str = ""
    title: str = ""
    description: str = ""
    category: tuple[Concept, ...] = ()
    period: Period = Period()


READ_TYPES: tuple[type[_Part], ...] = (
    Patient,
    Condition,
    MedicationRequest,
    MedicationAdministration,
    MedicationDispense,
    MedicationStatement,
    AllergyIntolerance,
    Observation,
    Encounter,
    Procedure,
    Immunization,
    DocumentReference,
    DiagnosticReport,
    Appointment,
    Flag,
    CarePlan,
    ServiceRequest,
    ClinicalImpression,
    Composition,
    QuestionnaireResponse,
)
SHOWN_TYPES = tuple(type_.__name__ for type_ in READ_TYPES)
"""FHIR types that the record shows: the door is asked for no others."""
_DECODERS = {type_.__name__: msgspec.json.Decoder(type_) for type_ in READ_TYPES}


class Unreadable(msgspec.Struct, frozen=True):
    """A resource whose parts are not of the kinds FHIR gives them; shown as such."""

    type: str
    id: str


def read(type_name: str, id_: str, text: bytes) -> object | None:
    """A resource as the pages read it; None for a type that no page shows."""
    decoder = _DECODERS.get(type_name)
    if decoder is None:
        return None
    try:
        return decoder.decode(text)
    except msgspec.DecodeError:
        return Unreadable(type=type_name, id=id_)
