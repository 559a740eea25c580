# SPDX-License-Identifier: Apache-2.0
"""Messages between staff, as FHIR resources."""
