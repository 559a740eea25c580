# SPDX-License-Identifier: Apache-2.0
"""What Wardkeep keeps of people's homes, as FHIR resources."""
