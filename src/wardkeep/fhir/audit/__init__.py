# SPDX-License-Identifier: Apache-2.0
"""The ledger read as FHIR: AuditEvents in the shape of IHE's Basic Audit (BALP)."""
