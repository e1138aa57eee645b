"""Every POST of docs/openapi.yaml with bodies of the wrong shape, by its own schema: refused in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from test_kernels import jp_kernelspec_dir, start, until  # noqa: F401 - fixtures

from parallab import openapi

DOCUMENT = yaml.safe_load(openapi.TARGET.read_text(encoding="utf-8"))
PLACES = {"lab": "L90", "step": "start", "kernel": "nobody"}
POSTS = sorted(path for path, methods in DOCUMENT["paths"].items() if "post" in methods)
GETS = sorted(path for path, methods in DOCUMENT["paths"].items() if "get" in methods and not path.endswith("/live"))
#: What no field is, or what is hard to hold, as JSON.
VALUES = (
    "null", "true", "-1", "1.5", "1e400", "NaN", "9" * 400, '""', '"\\u0000"', '"\\ud800"', '"../../../etc/passwd"',
    '"' + "x" * 200_000 + '"', "[]", "{}", "[null]", '{"": null}', "[" * 5_000 + "]" * 5_000, '[[[["x"]]]]',
    '[{"id": "a", "step": 7}]', '{"which": ["a", 7]}', "'x'", "[1, 2, 3]", '[18446744073709551616]',
)  # fmt: skip


def address(path: str) -> str:
    for name, value in PLACES.items():
        path = path.replace("{" + name + "}", value)
    return path.removeprefix("/parallab/")


def request(path: str) -> dict[str, Any]:
    body = DOCUMENT["paths"][path]["post"].get("requestBody")
    if body is None:
        return {}
    asked = body["content"]["application/json"]["schema"]["$ref"]
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][asked.rpartition("/")[2]]
    return found


def sample(schema: dict[str, Any]) -> Any:
    """A value that fits, roughly."""
    if "enum" in schema:
        return schema["enum"][0]
    kinds = {"string": "x", "integer": 1, "boolean": True, "array": [], "object": {}, "number": 1.0}
    return kinds.get(schema.get("type", ""))


def bodies(path: str) -> Iterator[bytes]:
    fields = request(path).get("properties", {})
    fitting = {name: json.dumps(sample(schema)) for name, schema in fields.items()}
    for name in fields:
        for value in VALUES:
            parts = [f'"{other}": {value if other == name else told}' for other, told in fitting.items()]
            yield ("{" + ", ".join(parts) + "}").encode()
        yield (
            "{" + ", ".join(f'"{other}": {told}' for other, told in fitting.items()) + f', "{name}": 7' + "}"
        ).encode()
    yield from (b"null", b"7", b"[]", b'"x"', b"\xff\xfe", b"\0", b"{" * 5_000, b"\xef\xbb\xbf{}", b'{"x": 1}')


@pytest.mark.parametrize("path", POSTS)
async def test_a_body_of_the_wrong_shape_is_refused_in_words(call, path: str, caplog) -> None:
    for body in bodies(path):
        status, told = await call(address(path), body)
        assert status < 500, (body[:200], told)
        if status != 200:
            assert set(told) == {"message", "reason"}, body[:200]
            assert told["message"], body[:200]
            assert len(json.dumps(told)) < 2_000, "what was sent is not sent back"
    assert "Traceback" not in caplog.text
    assert (await call("labs")).status == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
async def test_other_methods_break_nothing(
    http_server_client, jp_base_url, jp_auth_header, method: str, caplog
) -> None:
    for path in {*POSTS, *GETS}:
        answer = await http_server_client.fetch(
            f"{jp_base_url}parallab/{address(path)}",
            method=method,
            body=b"{}" if method in ("PUT", "PATCH") else None,
            headers=jp_auth_header,
            raise_error=False,
        )
        assert answer.code < 500, path
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "place", ["..%2F..%2F..%2Fetc%2Fpasswd", "%00", "%ff%fe", "%F0%9F%92%A9", "x" * 5000, "%2e%2e", "L90%0d%0aX:%20y"]
)
async def test_ids_that_are_none_are_not_found(call, place: str, caplog) -> None:
    for path in {*POSTS, *GETS}:
        for name in PLACES:
            if "{" + name + "}" in path:
                wrong = address(path.replace("{" + name + "}", place))
                status, told = await call(wrong, b"{}" if path in POSTS else None)
                assert status in (400, 404, 409), (wrong[:200], told)
                assert set(told) == {"message", "reason"}
                assert len(json.dumps(told)) < 2_000
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
async def test_another_sites_page_changes_nothing(http_server_client, jp_base_url, jp_serverapp, origin: str) -> None:
    for path in POSTS:
        answer = await http_server_client.fetch(
            f"{jp_base_url}parallab/{address(path)}",
            method="POST",
            body=b"{}",
            headers={"Origin": origin, "Cookie": "_xsrf=x", "X-XSRFToken": "y", "Content-Type": "text/plain"},
            raise_error=False,
        )
        assert answer.code in (403, 404), path
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_rescue_ends_nobody_but_the_kernels_own(call, start) -> None:  # noqa: F811
    kernel = await start()
    for pid in (-1, 0, 1, 2**31, 2**63, 2**70, -(2**70), kernel.manager.provisioner.pid):
        for action in ("interrupt", "dismiss", "terminate", "kill"):
            for started in (0, -1, 2**70):
                body = {"action": action, "pid": pid, "started": started, "threads": [pid]}
                status, told = await call(f"kernels/{kernel.id}/rescue", body)
                assert status < 500, (body, told)
    cells = [{"id": "x" * 1000, "step": "start"}] * 600 + [{"id": f"{n}", "step": None} for n in range(2_000)]
    seen = await call("labs/L90/steps/start/check", {"kernel_id": kernel.id, "cells": cells})
    assert seen.status == 200
    assert seen.json["result"]["verdict"] != "passed"
    await kernel.run("1", "a", "start")
    assert (await call(f"kernels/{kernel.id}/state")).status == 200
