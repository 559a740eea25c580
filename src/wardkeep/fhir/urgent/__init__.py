# SPDX-License-Identifier: Apache-2.0
"""Urgent care: calls, what they come to, and the queues in which it waits.

A case is an Encounter; what it came to is a ServiceRequest; where it waits is a Task.
"""
