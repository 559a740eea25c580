# SPDX-License-Identifier: Apache-2.0
"""Tasks that people give each other, as FHIR resources."""
