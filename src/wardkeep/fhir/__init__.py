# SPDX-License-Identifier: Apache-2.0
"""FHIR R4: the model, the record store, search and REST."""
