# SPDX-License-Identifier: Apache-2.0
"""The moment in a patient's life that a resource speaks of, to put a record in order.

The first element of the row that has a date counts, and of a period its start (its end
where the start is not known). Types without a row have no such moment.
"""

from functools import cache
from typing import Any

from wardkeep.fhir.model.primitives import EARLIEST
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.search.extract import collector
from wardkeep.fhir.search.params.date import SPANS
from wardkeep.fhir.search.path import paths_of
from wardkeep.fhir.search.terms import Indexer, Range

ELEMENTS: dict[str, tuple[str, ...]] = {
    "Account": ("servicePeriod",),
    "AdverseEvent": ("date", "detected", "recordedDate"),
    "AllergyIntolerance": ("onset", "recordedDate", "lastOccurrence"),
    "Appointment": ("start", "requestedPeriod", "created"),
    "AppointmentResponse": ("start",),
    "AuditEvent": ("period", "recorded"),
    "Basic": ("created",),
    "CarePlan": ("period", "created"),
    "CareTeam": ("period",),
    "ChargeItem": ("occurrence", "enteredDate"),
    "Claim": ("billablePeriod", "created"),
    "ClaimResponse": ("created",),
    "ClinicalImpression": ("effective", "date"),
    "Communication": ("sent", "received"),
    "CommunicationRequest": ("occurrence", "authoredOn"),
    "Composition": ("date",),
    "Condition": ("onset", "recordedDate", "abatement"),
    "Consent": ("dateTime",),
    "Coverage": ("period",),
    "CoverageEligibilityRequest": ("serviced", "created"),
    "CoverageEligibilityResponse": ("serviced", "created"),
    "DetectedIssue": ("identified",),
    "DeviceRequest": ("occurrence", "authoredOn"),
    "DeviceUseStatement": ("timing", "recordedOn"),
    "DiagnosticReport": ("effective", "issued"),
    "DocumentManifest": ("created",),
    "DocumentReference": ("context.period", "date"),
    "Encounter": ("period",),
    "EnrollmentRequest": ("created",),
    "EnrollmentResponse": ("created",),
    "EpisodeOfCare": ("period",),
    "ExplanationOfBenefit": ("billablePeriod", "created"),
    "FamilyMemberHistory": ("date",),
    "Flag": ("period",),
    "Goal": ("start", "statusDate"),
    "ImagingStudy": ("started",),
    "Immunization": ("occurrence", "recorded"),
    "ImmunizationEvaluation": ("date",),
    "ImmunizationRecommendation": ("date",),
    "Invoice": ("date",),
    "List": ("date",),
    "MeasureReport": ("date", "period"),
    "Media": ("created", "issued"),
    "MedicationAdministration": ("effective",),
    "MedicationDispense": ("whenHandedOver", "whenPrepared"),
    "MedicationRequest": ("authoredOn",),
    "MedicationStatement": ("effective", "dateAsserted"),
    "NutritionOrder": ("dateTime",),
    "Observation": ("effective", "issued"),
    "PaymentNotice": ("created",),
    "PaymentReconciliation": ("created",),
    "Procedure": ("performed",),
    "Provenance": ("occurred", "recorded"),
    "QuestionnaireResponse": ("authored",),
    "RelatedPerson": ("period",),
    "RequestGroup": ("authoredOn",),
    "ResearchSubject": ("period",),
    "RiskAssessment": ("occurrence",),
    "Schedule": ("planningHorizon",),
    "ServiceRequest": ("occurrence", "authoredOn"),
    "Slot": ("start",),
    "Specimen": ("collection.collected", "receivedTime"),
    "SupplyDelivery": ("occurrence",),
    "SupplyRequest": ("occurrence", "authoredOn"),
    "Task": ("executionPeriod", "restriction.period", "authoredOn"),
    "VisionPrescription": ("dateWritten", "created"),
}


def clinical_date(resource: Resource) -> int | None:
    """UTC microseconds since 1970; None where the resource tells no moment."""
    for collect in _collectors(resource.type):
        ranges: list[Range] = []
        collect(resource.content, [], ranges)
        if ranges:
            return int(ranges[0].low)
    return None


@cache
def _collectors(resource_type: str) -> tuple[Indexer, ...]:
    return tuple(
        collector(
            [
                (path.steps, _indexer(path.type))
                for path in paths_of(f"{resource_type}.{name}", base=resource_type)
                if path.type in SPANS
            ]
        )
        for name in ELEMENTS.get(resource_type, ())
    )


def _indexer(type_name: str) -> Indexer:
    span_of = SPANS[type_name]

    def index(value: Any, _: list[bytes], ranges: list[Range]) -> None:
        span = span_of(value)
        if span is not None:
            moment = span.high if span.low == EARLIEST else span.low
            ranges.append(Range("", moment, moment))

    return index
