# SPDX-License-Identifier: Apache-2.0
"""What one shift hands to the next, as FHIR resources."""
