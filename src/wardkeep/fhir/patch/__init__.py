# SPDX-License-Identifier: Apache-2.0
"""Changes told as patches: JSON Patch and FHIRPath Patch, all of one or nothing."""

from wardkeep.fhir.patch.fhirpath_patch import apply_fhirpath_patch
from wardkeep.fhir.patch.json_patch import apply_json_patch

__all__ = ["apply_fhirpath_patch", "apply_json_patch"]
