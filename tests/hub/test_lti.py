"""Grades to an LMS by LTI 1.3: against a small platform that checks signatures, tokens, scopes and media types."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from hub import rig

pytest.importorskip("pylti1p3", reason="the extra `hub` is not installed: run `make setup`")

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from parallab.hub.course import LabName, StepName
from parallab.hub.lti import LtiTrouble, Sent, send
from parallab.hub.results import LabResult
from parallab.hub.settings import Lti

LAB = LabName("L04", "Your own processes", (StepName("one", "First", core=True),))
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"


class Platform(ThreadingHTTPServer):
    """An LMS of one course: gives tokens for signed assertions, keeps line items and scores."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.tokens: dict[str, list[str]] = {}
        self.items: list[dict[str, Any]] = []
        self.scores: list[dict[str, Any]] = []
        self.closed = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Platform

    def log_message(self, *args: Any) -> None:
        pass

    def _answer(self, status: int, value: Any, kind: str = "application/json") -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _allowed(self, scope: str) -> bool:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return any(scope in one for one in self.server.tokens.get(token, []))

    def do_GET(self) -> None:
        if not self._allowed("/lineitem"):
            self._answer(401, {})
            return
        assert self.headers["Accept"] == "application/vnd.ims.lis.v2.lineitemcontainer+json"
        self._answer(200, self.server.items, "application/vnd.ims.lis.v2.lineitemcontainer+json")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        platform = self.server
        if self.path == "/token":
            asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            public = platform.key.public_key()
            options = {"algorithms": ["RS256"], "audience": f"{platform.url}/token", "issuer": "client"}
            try:
                claims = jwt.decode(asked["client_assertion"], public, **options)
            except jwt.InvalidTokenError:
                self._answer(401, {"error": "invalid_client"})
                return
            assert claims["sub"] == "client"
            assert jwt.get_unverified_header(asked["client_assertion"])["kid"]
            token = secrets.token_hex(8)
            platform.tokens[token] = asked["scope"].split()
            self._answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})
        elif platform.closed:
            self._answer(403, {})
        elif self.path == "/items" and self._allowed("/lineitem"):
            assert self.headers["Content-Type"] == "application/vnd.ims.lis.v2.lineitem+json"
            item = {**json.loads(body), "id": f"{platform.url}/items/{len(platform.items)}"}
            platform.items.append(item)
            self._answer(201, item, "application/vnd.ims.lis.v2.lineitem+json")
        elif self.path.endswith("/scores") and self._allowed(SCORE):
            assert self.headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
            platform.scores.append({"item": self.path, **json.loads(body)})
            self._answer(200, {})
        else:
            self._answer(401, {})


@pytest.fixture(scope="module")
def running() -> Iterator[Platform]:
    platform = Platform()
    thread = threading.Thread(target=platform.serve_forever, daemon=True)
    thread.start()
    yield platform
    platform.shutdown()
    platform.server_close()


@pytest.fixture
def platform(running: Platform) -> Platform:
    running.items.clear()
    running.scores.clear()
    running.closed = False
    return running


@pytest.fixture
def settings(platform: Platform, tmp_path: Path) -> Lti:
    key = tmp_path / "key.pem"
    key.write_bytes(platform.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Lti("https://lms.example", "client", "1", f"{platform.url}/token", str(key), {"a": f"{platform.url}/items"})


def of(
    learner: str, score: float | None, source: Any = "live", *, excused: bool = False, reason: str = ""
) -> LabResult:
    return LabResult(learner, "L04", 1, 1, score, source, excused, 0, False, None, None, reason)


def test_scores_arrive_and_say_where_they_come_from(platform: Platform, settings: Lti) -> None:
    results = [
        of("ada", 1.0, "re-checked"),
        of("bob", 0.5),
        of("cy", 0.9, "override", reason="ill"),
        of("dee", None, excused=True),
        of("eve", None),
        of("fay", 1.0),
    ]
    users = {"ada": "u1", "bob": "u2", "cy": "u3", "dee": "u4"}
    assert send(settings, "a", LAB, results, users, 0.0) == Sent(3, 1, ("fay",))
    (item,) = platform.items
    assert (item["resourceId"], item["scoreMaximum"]) == ("parallab-L04", 100)
    told = [(one["userId"], one["scoreGiven"], one["comment"], one["activityProgress"]) for one in platform.scores]
    assert told == [
        ("u1", 100.0, "re-checked", "Completed"),
        ("u2", 50.0, "live", "InProgress"),
        ("u3", 90.0, "override: ill", "InProgress"),
    ]
    assert {one["item"] for one in platform.scores} == {"/items/0/scores"}
    assert platform.scores[0]["timestamp"] == "1970-01-01T00:00:00.000+00:00"


def test_the_second_time_the_same_column_is_used(platform: Platform, settings: Lti) -> None:
    for _ in range(2):
        send(settings, "a", LAB, [of("ada", 1.0)], {"ada": "u1"}, 0.0)
    assert len(platform.items) == 1
    assert len(platform.scores) == 2


def test_what_went_wrong_is_said_without_any_secret(platform: Platform, settings: Lti, tmp_path: Path) -> None:
    import msgspec

    given = [of("ada", 1.0)], {"ada": "u1"}, 0.0
    with pytest.raises(LtiTrouble, match="no address for the class b"):
        send(settings, "b", LAB, *given)
    with pytest.raises(LtiTrouble, match="cannot be read"):
        send(msgspec.structs.replace(settings, key_file=str(tmp_path / "missing")), "a", LAB, *given)
    other = tmp_path / "other.pem"
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other.write_bytes(stranger.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(LtiTrouble, match="HTTP 401"):
        send(msgspec.structs.replace(settings, key_file=str(other)), "a", LAB, *given)
    platform.closed = True
    with pytest.raises(LtiTrouble, match="HTTP 403") as caught:
        send(settings, "a", LAB, *given)
    assert not any(token in str(caught.value) for token in platform.tokens)


# -- from the class page, on a real Hub ----------------------------------------------------

HUB = """
from parallab.hub import configure
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.load_groups = {{"teachers": {{"users": ["teach"]}}}}
# As an LTI login leaves them: what an authenticator keeps of a user, encrypted in the Hub's database.
c.Authenticator.enable_auth_state = True
c.CryptKeeper.keys = [{key!r}]
c.JupyterHub.load_roles[0]["scopes"].append("admin:auth_state")
configure(c, instructors=["teachers"], url=SERVICE_URL, database="sqlite:///{folder}/class.sqlite", lti={lti!r})
"""


@pytest.mark.timeout(900)
def test_grades_go_from_the_page_to_the_lms_by_the_ids_of_lti_logins(
    platform: Platform, settings: Lti, tmp_path: Path
) -> None:
    if why := rig.missing():
        pytest.skip(why)
    lti = {
        "issuer": settings.issuer,
        "client_id": settings.client_id,
        "deployment_id": settings.deployment_id,
        "token_url": settings.token_url,
        "key_file": settings.key_file,
        "line_items": {"*": f"{platform.url}/items"},
        "users": {"bob": "u-of-bob"},
    }
    hub = rig.RealHub(tmp_path / "hub", HUB.format(key=secrets.token_hex(32), folder=tmp_path, lti=lti))
    with hub.running():
        for name in ("ada", "bob", "cy"):
            token = hub.token_of(name, f"custom:parallab:report!user={name}")
            one = {"id": secrets.token_hex(16), "age": 0.0, "lab": "L04", "step": "four-at-once", "version": 1}
            body = {"schema": 1, "reports": [{**one, "kind": "judged", "verdict": "passed"}]}
            assert rig.ask("POST", f"{hub.direct}api/reports", token=token, body=body).status == 200
        state = {"auth_state": {"id_token": {"sub": "u-of-ada"}}}
        assert hub.api("PATCH", "users/ada", state).status == 200
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        teacher = hub.token_of("teach")
        url = f"{hub.direct}class/~everybody/lti"
        reply = rig.ask("POST", url, token=teacher, body=b"lab=L04", headers=kind)
        assert reply.status == 200, reply.text
        assert "The LMS took 2 scores." in reply.text
        assert "cy" in reply.text, "whom the LMS does not know"
        assert {one["userId"] for one in platform.scores} == {"u-of-ada", "u-of-bob"}
        assert {one["comment"] for one in platform.scores} == {"live"}
        assert "u-of-ada" not in hub.log.read_text(errors="replace")
