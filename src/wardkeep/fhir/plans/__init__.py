# SPDX-License-Identifier: Apache-2.0
"""Plans that a person and their team make together, as FHIR resources."""
