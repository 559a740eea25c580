# SPDX-License-Identifier: Apache-2.0
"""A call of a service, read: https://cds-hooks.hl7.org/2.0/#calling-a-cds-service."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from wardkeep.base.ids import is_fhir_id
from wardkeep.base.outcome import Problem

PATIENT_VIEW = "patient-view"
TRIAGE_ANSWER = "wardkeep.triage-answer"
"""Of our own: somebody answered a question of the triage content in use."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
Json = Mapping[str, Any]


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sent."""

    hook: str
    instance: str
    """The UUID of this one call."""
    patient: str
    """The id of the patient at the client; it need be none of ours."""
    encounter: str
    user: str
    answers: Json | None
    """Of the hook for triage: a QuestionnaireResponse."""
    prefetch: Json

    def fetched(self, key: str) -> Json | None:
        """A resource that the client prefetched; None: it did not, or found none."""
        found = self.prefetch.get(key)
        return found if isinstance(found, Mapping) else None


def read_call(content: Json, *, hook: str) -> Called | Problem:
    """What is asked of a service of this hook; a Problem for a 400.

    `fhirServer` and `fhirAuthorization` are not looked at: we call nobody.
    """
    instance, context = content.get("hookInstance"), content.get("context")
    if content.get("hook") != hook:
        return _wrong("hook", f"this service is for the hook {hook}")
    if not isinstance(instance, str) or _UUID.fullmatch(instance) is None:
        return _wrong("hookInstance", "it is no UUID")
    if not isinstance(context, Mapping):
        return _wrong("context", "it is missing")
    named = {name: context.get(name) for name in ("patientId", "userId", "encounterId")}
    patient, user = named["patientId"], named["userId"]
    if not isinstance(patient, str) or not is_fhir_id(patient):
        return _wrong("context.patientId", "it is missing, or is no id")
    if not isinstance(user, str) or not user:
        return _wrong("context.userId", "it is missing")
    prefetch = content.get("prefetch", {})
    if not isinstance(prefetch, Mapping):
        return _wrong("prefetch", "it is no object")
    encounter, answers = named["encounterId"], context.get("answers")
    is_id = isinstance(encounter, str) and is_fhir_id(encounter)
    return Called(
        hook=hook,
        instance=instance.lower(),
        patient=patient,
        user=user,
        encounter=str(encounter) if is_id else "",
        answers=answers if isinstance(answers, Mapping) else None,
        prefetch=prefetch,
    )


def _wrong(place: str, wrong: str) -> Problem:
    return Problem(place=place, wrong=wrong, mend="Send what CDS Hooks 2.0 asks for.")
