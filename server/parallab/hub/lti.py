"""Sends grades to an LMS by LTI 1.3, Assignment and Grade Services 2.0, with PyLTI1p3. It blocks: call it in a thread.

One line item a lab, found by its resource id or made; a score says in its comment where it comes from.
A learner whom the LMS does not know by an id, and one who is excused, gets no score; both are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.exception import LtiException
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem
from pylti1p3.registration import Registration
from pylti1p3.service_connector import ServiceConnector
from requests.adapters import HTTPAdapter

from parallab.hub.course import LabName
from parallab.hub.results import LabResult
from parallab.hub.settings import Lti

#: Seconds that the LMS may take for one answer.
PATIENCE = 20.0
_AGS = "https://purl.imsglobal.org/spec/lti-ags/scope"


class LtiTrouble(Exception):
    """The LMS took nothing, or no more; the text says why."""


@dataclass(frozen=True)
class Sent:
    """How many scores the LMS took, and who got none."""

    scores: int
    excused: int
    unknown: tuple[str, ...]


class _Patient(HTTPAdapter):
    """Requests that wait for ever are not sent."""

    def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]
        return super().send(request, **{**options, "timeout": PATIENCE})


def send(
    settings: Lti, class_name: str, lab: LabName, results: Iterable[LabResult], users: Mapping[str, str], at: float
) -> Sent:
    """Sends a class's results of one lab. ``users``: the LMS's ids by the Hub's names.

    :raises LtiTrouble: the key cannot be read, the class has no line items, or the LMS refused.
    """
    address = settings.line_items.get(class_name)
    if address is None:
        raise LtiTrouble(f"lti.line_items names no address for the class {class_name}.")
    excused, unknown, scored = 0, [], []
    for one in results:
        if one.excused:
            excused += 1
        elif one.score is None:
            continue
        elif one.learner not in users:
            unknown.append(one.learner)
        else:
            scored.append((one, users[one.learner]))
    try:
        service = _service(settings, address)
        item = service.find_or_create_lineitem(_line_item(lab), find_by="resource_id")
        for one, user in scored:
            service.put_grade(_grade(one, user, at), item)
    except (LtiException, requests.RequestException) as error:
        # Their texts may hold the token; the kind says enough.
        raise LtiTrouble(f"The LMS did not take the grades ({_kind(error)}). Those it has may be sent again.") from None
    return Sent(len(scored), excused, tuple(unknown))


def _kind(error: Exception) -> str:
    response = getattr(error, "response", None)
    return f"HTTP {response.status_code}" if response is not None else type(error).__name__


def _service(settings: Lti, address: str) -> AssignmentsGradesService:
    try:
        private = Path(settings.key_file).read_bytes()
        key = load_pem_private_key(private, password=None)
    except (OSError, ValueError, TypeError) as error:
        raise LtiTrouble(f"The key {settings.key_file} cannot be read ({type(error).__name__}).") from None
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    registration = Registration()
    registration.set_issuer(settings.issuer)
    registration.set_client_id(settings.client_id)
    registration.set_auth_token_url(settings.token_url)
    registration.set_tool_private_key(private.decode())
    # From it comes the id by which the LMS finds our key.
    registration.set_tool_public_key(public.decode())
    if settings.audience:
        registration.set_auth_audience(settings.audience)
    session = requests.Session()
    session.mount("https://", _Patient())
    session.mount("http://", _Patient())
    data: Any = {"scope": [f"{_AGS}/lineitem", f"{_AGS}/score"], "lineitems": address}
    return AssignmentsGradesService(ServiceConnector(registration, session), data)


def _line_item(lab: LabName) -> LineItem:
    item = LineItem()
    item.set_label(f"Parallab {lab.id} {lab.title}")
    item.set_resource_id(f"parallab-{lab.id}")
    item.set_score_maximum(100)
    return item


def _grade(one: LabResult, user: str, at: float) -> Grade:
    assert one.score is not None
    done = one.score >= 1
    comment = one.source + (", late" if one.late else "") + (f": {one.reason}" if one.source == "override" else "")
    grade = Grade()
    grade.set_user_id(user)
    grade.set_score_given(round(one.score * 100, 2))
    grade.set_score_maximum(100)
    grade.set_activity_progress("Completed" if done else "InProgress")
    grade.set_grading_progress("FullyGraded")
    grade.set_timestamp(datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds"))
    grade.set_comment(comment)
    return grade
