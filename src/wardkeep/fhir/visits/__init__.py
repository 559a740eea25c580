# SPDX-License-Identifier: Apache-2.0
"""Being seen: times at treatment centres, and visits to homes by car.

What is written for both is an Appointment beside the case's Task
(docs/decisions/0065-visits.md).
"""
