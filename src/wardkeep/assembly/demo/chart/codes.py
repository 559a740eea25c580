# SPDX-License-Identifier: Apache-2.0
"""CodeableConcepts and Codings of the demo, and where their codes come from."""

from typing import Any

from wardkeep.assembly.demo.diagnoses import SNOMED

Json = dict[str, Any]

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"


def text_only(words: str) -> Json:
    return {"text": words}


def loinc(code: str, words: str) -> Json:
    return {
        "coding": [{"system": LOINC, "code": code, "display": words}],
        "text": words,
    }


def snomed(code: str | None, words: str) -> Json:
    """Our own words; with a code only where one is widely published."""
    if code is None:
        return {"text": words}
    return {
        "coding": [{"system": SNOMED, "code": code, "display": words}],
        "text": words,
    }


def hl7(system: str, code: str, words: str | None = None) -> Json:
    """A code of one of HL7's own systems, named by the end of its address."""
    coding = {"system": f"{HL7}{system}", "code": code}
    if words is not None:
        coding["display"] = words
    return {"coding": [coding]}
