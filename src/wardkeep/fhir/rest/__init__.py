# SPDX-License-Identifier: Apache-2.0
"""The FHIR R4 REST API: https://hl7.org/fhir/R4/http.html."""
