# SPDX-License-Identifier: Apache-2.0
"""Booking and Referral (BaRS): messages read, checked, taken in, and sent.

https://simplifier.net/guide/nhsbookingandreferralstandard. One operation changes state,
`$process-message`; what is asked and answered are Bundles of type message.
"""
