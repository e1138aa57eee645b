"""Who may what, on a real Hub, for each kind of token: verified against the Hub, and not believed of anybody."""

from __future__ import annotations

import re
import secrets
from typing import Any

import pytest
from playwright.sync_api import expect

from corpus import films
from hub.conftest import Visitors
from hub.rig import RealHub, ask, until
from hub.system_users import SystemUser
from parallab import clips

People = dict[str, SystemUser]
pytestmark = pytest.mark.timeout(900)


def reports(*kinds: str, lab: str = "L05", step: str = "snapshot", **more: Any) -> dict[str, Any]:
    made = [
        {"id": secrets.token_hex(16), "age": 0.0, "lab": lab, "step": step, "version": 1, "kind": kind, **more}
        for kind in kinds
    ]
    return {"schema": 1, "reports": made}


def report_token(hub: RealHub, name: str) -> str:
    """What a learner's server has."""
    return hub.token_of(name, f"custom:parallab:report!user={name}")


def page_token(hub: RealHub, name: str) -> str:
    """All that a person may; what a page's cookie stands for is less."""
    return hub.token_of(name)


def test_a_learners_server_reports_and_sees_its_own_record_only(hub: RealHub, people: People) -> None:
    ada, bob = people["ada"].name, people["bob"].name
    sent = {**reports("opened", "hint"), "learner": bob, "name": bob, "user": bob}
    reply = ask("POST", f"{hub.direct}api/reports", token=report_token(hub, ada), body=sent)
    assert (reply.status, reply.json["new"]) == (200, 2)
    mine = ask("GET", f"{hub.direct}api/me?user={bob}", token=report_token(hub, ada)).json
    assert mine["learner"] == ada
    assert "snapshot" in mine["record"]["labs"]["L05"]
    his = ask("GET", f"{hub.direct}api/me", token=report_token(hub, bob)).json
    assert "snapshot" not in his["record"]["labs"].get("L05", {})


def test_the_same_report_counts_once_and_nobody_can_take_anothers_id(hub: RealHub, people: People) -> None:
    ada, bob = people["ada"].name, people["bob"].name
    sent = reports("judged", step="shared", verdict="failed")
    url = f"{hub.direct}api/reports"
    assert ask("POST", url, token=report_token(hub, bob), body=sent).json["new"] == 1
    again = [ask("POST", url, token=report_token(hub, ada), body=sent).json["new"] for _ in range(3)]
    assert again == [1, 0, 0]
    for name in (ada, bob):
        seen = ask("GET", f"{hub.direct}api/me", token=report_token(hub, name)).json
        assert seen["record"]["labs"]["L05"]["shared"]["tries"] == 1


def test_every_other_token_is_refused(hub: RealHub, people: People) -> None:
    ada, bob, teach = (people[who].name for who in ("ada", "bob", "teach"))
    own_scope = f"custom:parallab:report!user={ada}"
    tokens = {
        "none": "",
        "made up": secrets.token_hex(16),
        "a service's, with the right to report for everybody": hub.token,
        "a learner's without the scope": hub.token_of(ada, f"read:users:name!user={ada}"),
        "the teacher's for the page": hub.token_of(teach, "custom:parallab:read", "access:services!service=parallab"),
    }
    for what, token in tokens.items():
        for method, path in (
            ("POST", "api/reports"),
            ("GET", "api/me"),
            ("GET", "api/help"),
            ("POST", "api/handins/L05"),
            ("POST", f"api/clips/{'0' * 32}"),
        ):
            body = reports("opened") if method == "POST" else None
            reply = ask(method, f"{hub.direct}{path}", token=token, body=body)
            assert reply.status == 403, f"{what}: {method} {path}"
            assert set(reply.json) == {"message", "reason"}
    # Nobody can be given a scope over somebody else that they do not have themselves.
    asked = hub.api("POST", f"users/{bob}/tokens", {"scopes": [own_scope]})
    assert asked.status == 400, asked.text


def test_what_is_not_well_formed_is_refused_one_by_one(hub: RealHub, people: People) -> None:
    token = report_token(hub, people["ada"].name)
    url = f"{hub.direct}api/reports"
    good = reports("hint", step="good")["reports"]
    bad = [
        {**good[0], "id": "../../etc"},
        {**good[0], "id": secrets.token_hex(16), "age": -5},
        {**good[0], "id": secrets.token_hex(16), "message": "x" * 10_000},
        {**good[0], "id": secrets.token_hex(16), "lab": "L0\u00005"},
        "no report",
    ]
    reply = ask("POST", url, token=token, body={"schema": 1, "reports": [*bad, *good]})
    assert reply.status == 200, reply.text
    assert reply.json["new"] == 1
    assert [one["place"] for one in reply.json["refused"]] == [0, 1, 2, 3, 4]
    for body in (b"", b"[]", b"{", b"\xff", {"schema": 1, "reports": [good[0]] * 201}):
        assert ask("POST", url, token=token, body=body).status == 400
    assert ask("POST", url, token=token, body=b" " * (2 * 1024 * 1024)).status == 413


def test_staff_see_their_class_only_and_learners_none(hub: RealHub, people: People) -> None:
    sees = {
        "teach": {"class-a": 200, "class-b": 200},
        "help": {"class-a": 200, "class-b": 403},
        "ada": {"class-a": 403, "class-b": 403},
        "cy": {"class-a": 403, "class-b": 403},
    }
    for who, by_class in sees.items():
        token = page_token(hub, people[who].name)
        for name, status in by_class.items():
            for path in (f"class/{name}", f"class/{name}/L05", f"class/{name}/export/csv"):
                assert ask("GET", hub.direct + path, token=token).status == status, (who, path)
    helper = page_token(hub, people["help"].name)
    ada, cy = people["ada"].name, people["cy"].name
    assert ask("GET", f"{hub.direct}class/class-a/learner/{ada}", token=helper).status == 200
    assert ask("GET", f"{hub.direct}class/class-a/learner/{cy}", token=helper).status == 404
    assert ask("GET", f"{hub.direct}class/class-b/learner/{cy}", token=helper).status == 403
    assert cy not in ask("GET", f"{hub.direct}class/class-a/export/csv", token=helper).text


def test_a_replay_is_its_learners_classs_staffs_alone(hub: RealHub, people: People) -> None:
    ada, bob, cy = (people[who].name for who in ("ada", "bob", "cy"))
    clip = clips.pack(films.made("deadlock"))
    assert clip is not None
    sent = reports("judged", "filmed", lab="L08", step="break-deadlock")
    sent["reports"][1]["clip"] = clip.name
    assert ask("POST", f"{hub.direct}api/reports", token=report_token(hub, ada), body=sent).json["replays"]
    address = f"{hub.direct}api/clips/{clip.name}"
    assert ask("POST", address, token=report_token(hub, ada), body=clip.data).status == 200
    assert ask("POST", address, token=report_token(hub, ada), body=clip.data).status == 200, "sent again it is the same"
    assert clip.name in ask("GET", f"{hub.direct}api/me", token=report_token(hub, ada)).json["replays"]
    # Forged: under another name, of another kind, or too much of it.
    for name, body, status in (
        ("0" * 32, clip.data, 400),
        (clips.name_of(b"<script>"), b"<script>", 400),
        (clip.name, clip.data + bytes(clips.PACKED), 413),
        ("../../etc", clip.data, 404),
    ):
        reply = ask("POST", f"{hub.direct}api/clips/{name}", token=report_token(hub, ada), body=body)
        assert reply.status == status, name

    sees = {"teach": 200, "help": 200, "ada": 403, "bob": 403, "cy": 403}
    for who, status in sees.items():
        token = page_token(hub, people[who].name)
        for path in ("replay", "clip"):
            reply = ask("GET", f"{hub.direct}class/class-a/{path}/{ada}/{clip.name}", token=token)
            assert reply.status == status, (who, path)
            assert reply.headers["Cache-Control"] == "no-store"
    teacher, helper = page_token(hub, people["teach"].name), page_token(hub, people["help"].name)
    reply = ask("GET", f"{hub.direct}class/class-a/clip/{ada}/{clip.name}", token=teacher)
    assert reply.headers["Content-Type"] == "application/json"
    assert [lane["name"] for lane in reply.json["lanes"]] == [lane.name for lane in films.made("deadlock").lanes]
    # Whose name a clip has, opens nobody else's, and no class's staff see those of another.
    for path, status in (
        (f"class-a/clip/{bob}/{clip.name}", 404),
        (f"class-a/replay/{bob}/{clip.name}", 404),
        (f"class-a/clip/{cy}/{clip.name}", 404),
        (f"class-b/clip/{ada}/{clip.name}", 404),
        (f"class-a/clip/{ada}/{'0' * 32}", 404),
    ):
        assert ask("GET", f"{hub.direct}class/{path}", token=teacher).status == status, path
    assert ask("GET", f"{hub.direct}class/class-b/clip/{cy}/{clip.name}", token=helper).status == 403
    page = ask("GET", f"{hub.direct}class/class-a/learner/{ada}", token=teacher).text
    assert page.count(f"/replay/{ada}/{clip.name}") == 1


def test_a_page_of_other_learners_than_there_are_now_is_to_be_read_again(hub: RealHub, people: People) -> None:
    token = page_token(hub, people["teach"].name)
    reply = ask("GET", f"{hub.direct}class/class-a/live?roster=of-yesterday", token=token)
    assert (reply.status, reply.text) == (200, "event: again\ndata: {}\n\n")


def test_a_class_may_have_any_name_that_a_group_may_have(hub: RealHub, people: People) -> None:
    """As groups of a Keycloak realm have: with slashes."""
    cy, token = people["cy"].name, page_token(hub, people["teach"].name)
    base = hub.direct.removesuffix("/services/parallab/")
    home = ask("GET", hub.direct, token=token)
    (address,) = re.findall(r'href="(/services/parallab/class/[^"]*realm[^"]*)"', home.text)
    page = until(
        lambda: text if f">{cy}<" in (text := ask("GET", f"{base}{address}/L05", token=token).text) else "",
        "the class has its learner",
    )
    (learner,) = set(re.findall(rf'href="([^"]*/learner/{cy})"', page))
    for link in (learner, *re.findall(r'href="(/services/parallab/class/[^"]*)"', page)):
        assert ask("GET", base + link, token=token).status == 200, link
    told = ask("GET", base + learner, token=token).text
    links = set(re.findall(r'(?:href|action)="(/services/parallab/class/[^"]*)"', told))
    assert links, told
    assert all(link.startswith(address) for link in links)
    body = f"learner={cy}&lab=L05&what=clear".encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = ask("POST", f"{base}{address}/ruling", token=token, body=body, headers=kind)
    assert (reply.status, reply.headers["Location"]) == (303, learner)


def test_staff_help_and_only_instructors_grade(hub: RealHub, people: People) -> None:
    ada = people["ada"].name
    forms = {
        "ruling": f"learner={ada}&lab=L05&what=excuse&reason=ill",
        "deadline": "lab=L05&due=2026-11-30T18:00",
        "forget": f"learner={ada}&again={ada}",
    }
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for who in ("help", "ada"):
        token = page_token(hub, people[who].name)
        for form, body in forms.items():
            reply = ask("POST", f"{hub.direct}class/class-a/{form}", token=token, body=body.encode(), headers=kind)
            assert reply.status == 403, (who, form)
    teacher = page_token(hub, people["teach"].name)
    body = forms["ruling"].encode()
    reply = ask("POST", f"{hub.direct}class/class-a/ruling", token=teacher, body=body, headers=kind)
    assert reply.status == 303, reply.text
    told = ask("GET", f"{hub.direct}class/class-a/export/json", token=teacher).json
    mine = next(one for one in told["results"] if (one["learner"], one["lab"]) == (ada, "L05"))
    assert (mine["excused"], mine["score"], mine["reason"], mine["by"]) == (True, None, "ill", people["teach"].name)
    body = f"learner={ada}&lab=L05&what=clear".encode()
    assert ask("POST", f"{hub.direct}class/class-a/ruling", token=teacher, body=body, headers=kind).status == 303


def test_every_servers_own_token_is_refused_by_the_pages(hub: RealHub, people: People) -> None:
    """As a notebook of the teacher's could send it: what runs there is not the teacher."""
    teach = people["teach"].name
    server = hub.token_of(teach, f"custom:parallab:report!user={teach}", f"access:servers!user={teach}")
    for path in ("", "class/class-a", "class/class-a/export/csv", "class/class-a/live"):
        assert ask("GET", hub.direct + path, token=server).status == 403, path


def test_without_a_login_a_page_leads_to_the_hubs_and_a_script_is_refused(hub: RealHub) -> None:
    reply = ask("GET", f"{hub.page}class/class-a", headers={"Sec-Fetch-Mode": "navigate"})
    assert reply.status == 302
    assert "/hub/api/oauth2/authorize" in reply.headers["Location"]
    reply = ask("GET", f"{hub.page}class/class-a/live", headers={"Sec-Fetch-Mode": "cors"})
    assert reply.status == 403
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]


def test_who_was_refused_and_comes_into_a_group_then_reloads_the_page(
    hub: RealHub, people: People, visitor: Visitors
) -> None:
    """The order in which a Hub is set up: the page is looked at, and then the group is filled."""
    page = visitor("help", "services/parallab/class/class-b")
    refused = page.get_by_text("This class is not yours.")
    expect(refused).to_be_visible()
    members = {"users": [people["help"].name]}
    assert hub.api("POST", "groups/helpers-b/users", members).status == 200
    try:
        page.reload()
        expect(page.get_by_role("heading", name="class-b")).to_be_visible()
    finally:
        assert hub.api("DELETE", "groups/helpers-b/users", members).status == 200

    def gone() -> bool:
        page.reload()
        return refused.is_visible()

    until(gone, "what was taken away is gone")


def test_a_page_of_another_site_can_send_no_form_in_a_teachers_name(
    hub: RealHub, people: People, visitor: Visitors
) -> None:
    teacher = visitor("teach", "services/parallab/class/class-a/L05")
    teacher.wait_for_selector("#grid, .empty")
    sent: dict[str, dict[str, str | float | bool]] = {
        "answer": {"question": "1", "text": "no"},
        "deadline": {"lab": "L05", "due": "2030-01-01T00:00"},
        "ruling": {"learner": people["ada"].name, "lab": "L05", "what": "override", "score": "100", "reason": "me"},
        "recheck": {"lab": "L05", "what": "start"},
        "lti": {"lab": "L05"},
        "forget": {"learner": people["ada"].name, "again": people["ada"].name},
    }
    for form, fields in sent.items():
        for more in ({}, {"_xsrf": "made up"}):
            for origin in ("https://evil.example", "null"):
                reply = teacher.request.post(
                    f"{hub.page}class/class-a/{form}",
                    form={**fields, **more},
                    headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"},
                )
                assert reply.status == 403, (form, more, reply.text()[:300])
    assert "2030-01-01" not in teacher.request.get(f"{hub.page}class/class-a/L05").text()


def test_a_right_that_is_taken_away_is_gone(hub: RealHub, people: People) -> None:
    bob = people["bob"].name
    url = f"{hub.direct}class/class-b"
    assert ask("GET", url, token=page_token(hub, bob)).status == 403
    hub.api("POST", "groups/helpers-b/users", {"users": [bob]})
    token = page_token(hub, bob)
    assert ask("GET", url, token=token).status == 200
    hub.api("DELETE", "groups/helpers-b/users", {"users": [bob]})
    # Not by a new token: the very one that was let in a moment ago.
    until(lambda: ask("GET", url, token=token).status == 403, "the end of a right", patience=60)
