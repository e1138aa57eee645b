"""Who may what, on a real Hub, for each kind of token: verified against the Hub, and not believed of anybody."""

from __future__ import annotations

import secrets

from hub.rig import RealHub, ask
from hub.system_users import SystemUser

People = dict[str, SystemUser]


def reports(*kinds: str, step: str = "snapshot") -> dict[str, object]:
    made = [
        {"id": secrets.token_hex(16), "age": 0.0, "lab": "L05", "step": step, "version": 1, "kind": kind}
        for kind in kinds
    ]
    return {"schema": 1, "reports": made}


def test_a_learners_server_reports_and_sees_its_own_record_only(hub: RealHub, people: People) -> None:
    ada, bob = people["ada"].name, people["bob"].name
    mine = hub.token_of(ada, f"custom:parallab:report!user={ada}")
    sent = {**reports("opened", "hint"), "learner": bob, "name": bob}
    reply = ask("POST", f"{hub.direct}api/reports", token=mine, body=sent)
    assert (reply.status, reply.json["new"]) == (200, 2)
    assert ask("GET", f"{hub.direct}api/me", token=mine).json["learner"] == ada
    his = ask("GET", f"{hub.direct}api/me", token=hub.token_of(bob, f"custom:parallab:report!user={bob}")).json
    assert his["record"]["labs"] == {}
