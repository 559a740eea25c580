# SPDX-License-Identifier: Apache-2.0
"""Words of the standard: events, reasons, errors with their HTTP status, systems.

Its examples (https://github.com/NHSDigital/booking-and-referral-fhir-api, 1.4.0) name
each error by a code of `http-error-codes` beside FHIR's own issue type.
"""

from enum import StrEnum
from http import HTTPStatus

EVENTS = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
REASONS = "https://fhir.nhs.uk/CodeSystem/message-reason-bars"
_OLDER_EVENTS = "https://fhir.nhs.uk/CodeSystem/message-event-servicerequest"
_OLDER_REASONS = "https://fhir.nhs.uk/CodeSystem/message-reason-servicerequest"
EVENT_SYSTEMS = (EVENTS, _OLDER_EVENTS)
REASON_SYSTEMS = (REASONS, _OLDER_REASONS)
CATEGORIES = "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest"
VALIDATION = "validation"
ERRORS = "https://fhir.nhs.uk/Codesystem/http-error-codes"
SERVICE_ID = "http://fhir.nhs.uk/Id/dos-service-id"
SERVICE_IDS = (SERVICE_ID, "https://fhir.nhs.uk/Id/dos-service-id")
"""Of a service in a directory, with and without a lock."""


class Event(StrEnum):
    """What a message is about, and whether it asks or answers."""

    REFERRAL = "servicerequest-request"
    REFERRAL_ANSWER = "servicerequest-response"
    BOOKING = "booking-request"
    BOOKING_ANSWER = "booking-response"


class Reason(StrEnum):
    """Why a message is sent."""

    NEW = "new"
    UPDATE = "update"
    DELETE = "delete"


ANSWERED_BY = {
    Event.REFERRAL: Event.REFERRAL_ANSWER,
    Event.BOOKING: Event.BOOKING_ANSWER,
}


class Error(StrEnum):
    """Of a receiver, as the standard names them."""

    BAD_REQUEST = "REC_BAD_REQUEST"
    UNAUTHORIZED = "REC_UNAUTHORIZED"
    FORBIDDEN = "REC_FORBIDDEN"
    NOT_FOUND = "REC_NOT_FOUND"
    METHOD_NOT_ALLOWED = "REC_METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "REC_NOT_ACCEPTABLE"
    TIMEOUT = "REC_TIMEOUT"
    CONFLICT = "REC_CONFLICT"
    UNPROCESSABLE = "REC_UNPROCESSABLE_ENTITY"
    TOO_MANY = "REC_TOO_MANY_REQUESTS"
    SERVER_ERROR = "REC_SERVER_ERROR"
    NOT_IMPLEMENTED = "REC_NOT_IMPLEMENTED"
    UNAVAILABLE = "REC_SERVICE_UNAVAILABLE"


STATUS = {
    Error.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    Error.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    Error.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Error.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Error.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    Error.NOT_ACCEPTABLE: HTTPStatus.NOT_ACCEPTABLE,
    Error.TIMEOUT: HTTPStatus.REQUEST_TIMEOUT,
    Error.CONFLICT: HTTPStatus.CONFLICT,
    Error.UNPROCESSABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
    Error.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
    Error.SERVER_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    Error.NOT_IMPLEMENTED: HTTPStatus.NOT_IMPLEMENTED,
    Error.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
OF_STATUS = {int(status): error for error, status in STATUS.items()}
