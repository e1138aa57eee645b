"""docs/openapi.yaml against the handlers: every route is in it, nothing else is, and real replies fit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from openapi_spec_validator import validate

from parallab import handlers, live_handler, openapi, wire
from parallab.events import SCHEMAS
from parallab.handlers import ROUTES, ParallabHandler
from parallab.live_handler import LiveHandler

DOCUMENT = yaml.safe_load(openapi.TARGET.read_text(encoding="utf-8"))
STEP = "labs/L90/steps"


def test_the_committed_file_is_what_the_wire_says() -> None:
    assert openapi.TARGET.read_text(encoding="utf-8") == openapi.text(), "run `python -m parallab.openapi`"


def test_it_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_every_route_is_described_and_nothing_else() -> None:
    served = set()
    for pattern, handler in ROUTES:
        path = next((path for path in DOCUMENT["paths"] if re.fullmatch(pattern, path)), pattern)
        assert path.count("{") == pattern.count("("), path
        served |= {(path, method) for method in ("get", "post", "put", "patch", "delete") if method in vars(handler)}
    described = {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert served == described


def test_every_handler_asks_for_login_and_permission() -> None:
    for _, handler in ROUTES:
        assert issubclass(handler, ParallabHandler | LiveHandler)
        assert handler.auth_resource == "parallab"
        for method in ("get", "post"):
            function = vars(handler).get(method)
            if function is not None:
                # web.authenticated outside, authorized inside, the method itself innermost.
                assert hasattr(function, "__wrapped__"), handler
                assert hasattr(function.__wrapped__, "__wrapped__"), handler
    source = Path(handlers.__file__).read_text(encoding="utf-8")
    live = Path(live_handler.__file__).read_text(encoding="utf-8")
    asked = source.count("@web.authenticated\n    @authorized\n    async def")
    # A WebSocket cannot be led to the login page.
    asked += live.count("@ws_authenticated\n    @authorized\n    async def")
    assert asked == len(ROUTES)


def schema(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}


def closed(document: Any) -> Any:
    """The schemas with no property allowed beyond those described."""
    if isinstance(document, dict):
        done = {key: closed(value) for key, value in document.items()}
        if "properties" in done and "additionalProperties" not in done:
            done["additionalProperties"] = False
        return done
    return [closed(value) for value in document] if isinstance(document, list) else document


REAL: list[tuple[str, str, Any, str]] = [
    ("get", "/parallab/labs", None, "labs"),
    ("get", "/parallab/labs/{lab}", None, "labs/L90"),
    ("post", "/parallab/labs/{lab}/open", {}, "labs/L90/open"),
    ("get", "/parallab/progress", None, "progress"),
    ("get", "/parallab/labs/{lab}/replay", None, "labs/L90/replay"),
    ("post", "/parallab/labs/{lab}/steps/{step}/predict", {"answers": {"children": "1"}}, f"{STEP}/start/predict"),
    ("post", "/parallab/labs/{lab}/steps/{step}/answer", {"answers": {"which": ["a"]}}, f"{STEP}/quiz/answer"),
    ("post", "/parallab/labs/{lab}/steps/{step}/hint", {"level": 1}, f"{STEP}/start/hint"),
    ("post", "/parallab/labs/{lab}/steps/{step}/solution", {}, f"{STEP}/start/solution"),
    ("post", "/parallab/labs/{lab}/steps/{step}/reset", {}, f"{STEP}/start/reset"),
    ("get", "/parallab/capabilities", None, "capabilities"),
    ("get", "/parallab/leftovers", None, "leftovers"),
    ("post", "/parallab/leftovers/clean", {"ids": ["process:1:1"]}, "leftovers/clean"),
    ("post", "/parallab/leftovers/clean", {"all": True}, "leftovers/clean"),
    ("post", "/parallab/kernels/{kernel}/rescue", {"action": "interrupt"}, "kernels/nobody/rescue"),
    ("post", "/parallab/kernels/{kernel}/rescue", {"action": "dismiss"}, "kernels/nobody/rescue"),
    ("get", "/parallab/kernels/{kernel}/state", None, "kernels/nobody/state"),
    ("get", "/parallab/kernels/{kernel}/recording", None, "kernels/nobody/recording"),
    ("get", "/parallab/kernels/{kernel}/film", None, "kernels/nobody/film"),
    ("get", "/parallab/kernels/{kernel}/film", None, "kernels/nobody/film?run=x"),
    (
        "post",
        "/parallab/labs/{lab}/steps/{step}/check",
        {"kernel_id": "nobody", "cells": []},
        f"{STEP}/start/check",
    ),
    ("post", "/parallab/labs/{lab}/steps/{step}/hint", {"level": "x"}, f"{STEP}/start/hint"),
    ("get", "/parallab/labs/{lab}", None, "labs/nothing"),
    ("get", "/parallab/labs/{lab}", None, "labs/L91"),
]


@pytest.mark.parametrize(("method", "path", "body", "real"), REAL)
async def test_a_real_reply_fits_its_description(call, method: str, path: str, body: Any, real: str) -> None:
    status, answer = await call(real, body)
    operation = DOCUMENT["paths"][path][method]
    described = operation["responses"][str(status)]["content"]["application/json"]["schema"]
    jsonschema.validate(answer, closed({**described, "components": DOCUMENT["components"]}))


def test_events_carry_what_the_wire_says() -> None:
    texts = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in SCHEMAS}
    assert {text["$id"] for text in texts.values()} == {
        wire.CHECK_EVENT,
        wire.PROGRESS_EVENT,
        wire.LAB_EVENT,
        wire.STALE_EVENT,
    }
    for name, struct in (("progress", "ProgressEvent"), ("lab", "LabEvent"), ("stale", "StaleEvent")):
        assert set(texts[name]["properties"]) == set(DOCUMENT["components"]["schemas"][struct]["properties"])
