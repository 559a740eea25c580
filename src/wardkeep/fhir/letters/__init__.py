# SPDX-License-Identifier: Apache-2.0
"""Letters as FHIR resources."""
