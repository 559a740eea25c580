# SPDX-License-Identifier: Apache-2.0
"""Progress notes: as they are typed, as they are kept, and as FHIR says them."""
