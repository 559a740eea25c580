# SPDX-License-Identifier: Apache-2.0
"""FHIR R4's types and resources: definitions, strict reading, primitives, numbers."""

from wardkeep.fhir.model.definitions import is_resource_type
from wardkeep.fhir.model.primitives import Span, span_of
from wardkeep.fhir.model.resource import Resource, from_content, parse
from wardkeep.fhir.model.strict_json import MOST_BYTES, MOST_LEVELS, compact_json
from wardkeep.fhir.model.type_codes import type_code, type_name

__all__ = [
    "MOST_BYTES",
    "MOST_LEVELS",
    "Resource",
    "Span",
    "compact_json",
    "from_content",
    "is_resource_type",
    "parse",
    "span_of",
    "type_code",
    "type_name",
]
