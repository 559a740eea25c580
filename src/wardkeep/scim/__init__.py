# SPDX-License-Identifier: Apache-2.0
"""SCIM 2.0 (RFC 7643, RFC 7644): an organisation's directory names who works here."""
