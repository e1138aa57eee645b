"""The OpenAPI description of the REST, from the wire's types; ``python -m parallab.openapi`` writes docs/openapi.yaml.

The operations are said here once, apart from the handlers: the tests hold the two against each
other, route by route and reply by reply.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from parallab import wire

TARGET = Path(__file__).parents[2] / "docs" / "openapi.yaml"

#: What each status of an error means; every one has a ProblemReply.
PROBLEMS = {
    400: "The request is too large, no JSON, or not of the right shape.",
    403: "Not logged in, not allowed, or without the XSRF token.",
    404: "No such lab, step, hint or kernel.",
    409: "It cannot be done now; the message says what to do first.",
    413: "The notebook is too large to hand in.",
    500: "The lab is broken, or the server part failed.",
    503: "Progress is held by another program, or the class service does not answer.",
    507: "The disk is full.",
}


@dataclass(frozen=True)
class Operation:
    """One method of one path; ``reply`` None is JSON without a type of its own."""

    name: str
    method: Literal["get", "post"]
    path: str
    summary: str
    reply: type[msgspec.Struct] | None
    problems: tuple[int, ...]
    request: type[msgspec.Struct] | None = None
    socket: bool = False
    """A WebSocket: the request and the reply are what its two sides send, as often as they like."""
    query: tuple[str, ...] = ()
    """Numbers that may stand in the address."""


_SAVED = (500, 503, 507)
_STEP = "/parallab/labs/{lab}/steps/{step}"
OPERATIONS: tuple[Operation, ...] = (
    Operation("course", "get", "/parallab/labs", "The course home: labs, objectives, progress.", wire.Course, _SAVED),
    Operation("lab", "get", "/parallab/labs/{lab}", "A lab with its steps; no keys.", wire.LabView, (404, *_SAVED)),
    Operation(
        "open",
        "post",
        "/parallab/labs/{lab}/open",
        "Put the lab's notebook and modules into the learner's folder, where they are missing.",
        wire.OpenReply,
        (400, 404, 409, *_SAVED),
        wire.OpenRequest,
    ),
    Operation(
        "replay",
        "get",
        "/parallab/labs/{lab}/replay",
        "The film of a run of the lab's solution, with captions.",
        wire.Film,
        (404, *_SAVED),
    ),
    Operation("progress", "get", "/parallab/progress", "The progress of all labs.", wire.Progress, _SAVED),
    Operation(
        "check",
        "post",
        f"{_STEP}/check",
        "Judge a step by what the kernel did.",
        wire.CheckReply,
        (400, 404, 409, *_SAVED),
        wire.CheckRequest,
    ),
    Operation(
        "predict",
        "post",
        f"{_STEP}/predict",
        "Save a prediction, once.",
        wire.StepProgress,
        (400, 404, 409, *_SAVED),
        wire.PredictRequest,
    ),
    Operation(
        "answer",
        "post",
        f"{_STEP}/answer",
        "Answer questions, or put lines in order (under the step's own id).",
        wire.AnswerReply,
        (400, 404, *_SAVED),
        wire.AnswerRequest,
    ),
    Operation(
        "doubt",
        "post",
        f"{_STEP}/doubt",
        "Say what a file of a doubted verdict would hold, and save it in the learner's folder.",
        wire.DoubtReply,
        (400, 404, 409, *_SAVED),
        wire.DoubtRequest,
    ),
    Operation(
        "hint",
        "post",
        f"{_STEP}/hint",
        "Show a hint; they come in order.",
        wire.HintReply,
        (400, 404, 409, *_SAVED),
        wire.HintRequest,
    ),
    Operation(
        "solution",
        "post",
        f"{_STEP}/solution",
        "Show the solution; the step is assisted from then on.",
        wire.SolutionReply,
        (404, *_SAVED),
    ),
    Operation(
        "reset",
        "post",
        f"{_STEP}/reset",
        "The step's starter cells; what ran before does not count any more.",
        wire.ResetReply,
        (404, *_SAVED),
    ),
    Operation(
        "act",
        "post",
        f"{_STEP}/act",
        "Do what the step offers to do for the learner: kill a worker, or freeze kernels and show them.",
        wire.ActReply,
        (400, 404, 409, *_SAVED),
        wire.ActRequest,
    ),
    Operation(
        "help",
        "post",
        f"{_STEP}/help",
        "Ask the class's instructors for help with the step, or tell them that none is needed any more.",
        wire.StepProgress,
        (400, 404, 409, *_SAVED),
        wire.HelpRequest,
    ),
    Operation(
        "handIn",
        "post",
        "/parallab/labs/{lab}/handin",
        "Give the class service the lab's notebook, as it was saved last.",
        wire.HandInReply,
        (400, 404, 409, 413, *_SAVED),
        wire.HandInRequest,
    ),
    Operation(
        "kernelState",
        "get",
        "/parallab/kernels/{kernel}/state",
        "What can be seen of a kernel now.",
        wire.KernelState,
        (404, 500),
    ),
    Operation(
        "live",
        "get",
        "/parallab/kernels/{kernel}/live",
        "A WebSocket that tells of a kernel while somebody looks: how it stands, then each change.",
        wire.LiveMessage,
        (404, 500),
        wire.LiveRequest,
        socket=True,
    ),
    Operation(
        "recording",
        "get",
        "/parallab/kernels/{kernel}/recording",
        "All that was recorded of a kernel: a Recording of server/parallab/model.",
        None,
        (404, 409, 500),
    ),
    Operation(
        "film",
        "get",
        "/parallab/kernels/{kernel}/film",
        "What the kernel's processes and threads did, and do, bounded: for the map, the timeline and the replay.",
        wire.Film,
        (400, 404, 409, 500),
        query=("run",),
    ),
    Operation(
        "rescue",
        "post",
        "/parallab/kernels/{kernel}/rescue",
        "Interrupt a cell that hangs, twice where needed, or end one of the kernel's processes.",
        wire.RescueReply,
        (400, 404, 409, 500),
        wire.RescueRequest,
    ),
    Operation(
        "leftovers",
        "get",
        "/parallab/leftovers",
        "What dead kernels left: processes, shared memory, semaphores, folders.",
        wire.Leftovers,
        (409, 500),
    ),
    Operation(
        "clean",
        "post",
        "/parallab/leftovers/clean",
        "Remove what was chosen of it, as far as nobody who lives uses it.",
        wire.CleanReply,
        (400, 409, 500),
        wire.CleanRequest,
    ),
    Operation(
        "capabilities",
        "get",
        "/parallab/capabilities",
        "What can be seen on this machine.",
        wire.Capabilities,
        (500,),
    ),
)

PARAMETERS = {
    "lab": "A lab's id: L04 for the course's own, course:L04 for another's.",
    "step": "A step's id within its lab.",
    "kernel": "A kernel's id, as in Jupyter's own REST.",
    "run": "Which run of a cell to tell, with what it started: the newest that started anything, 0 for all.",
}


def description() -> dict[str, Any]:
    """The whole document."""
    named = {operation.reply for operation in OPERATIONS} | {operation.request for operation in OPERATIONS}
    structs = sorted((struct for struct in named if struct), key=lambda struct: struct.__name__)
    _, components = msgspec.json.schema_components(
        [*structs, wire.ProblemReply, wire.ProgressEvent, wire.LabEvent, wire.StaleEvent],
        ref_template="#/components/schemas/{name}",
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Parallab",
            "version": str(wire.SCHEMA),
            "summary": "Teaches Python concurrency by watching real processes.",
            "description": "Served by the Jupyter server below its base URL, with its authentication and XSRF rules.",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": "/", "description": "The Jupyter server's base URL."}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "token ‹token›"}
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {"operationId": operation.name, "summary": operation.summary}
    names = re.findall(r"{(\w+)}", operation.path)
    if names:
        made["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": PARAMETERS[name],
                "schema": {"type": "string"},
            }
            for name in names
        ]
    if operation.query:
        made.setdefault("parameters", []).extend(
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": PARAMETERS[name],
                "schema": {"type": "integer", "minimum": 0},
            }
            for name in operation.query
        )
    if operation.socket and operation.request is not None and operation.reply is not None:
        made["x-client-sends"], made["x-server-sends"] = _ref(operation.request), _ref(operation.reply)
        answers: dict[str, Any] = {"101": {"description": "The connection is a WebSocket from now on."}}
    else:
        answers = {"200": {"description": "Done.", **_json(operation.reply)}}
        if operation.request is not None:
            made["requestBody"] = {"required": True, **_json(operation.request)}
    for status in sorted({403, *operation.problems}):
        answers[str(status)] = {"description": PROBLEMS[status], **_json(wire.ProblemReply)}
    made["responses"] = answers
    return made


def _json(struct: type[msgspec.Struct] | None) -> dict[str, Any]:
    schema = _ref(struct) if struct is not None else {"type": "object"}
    return {"content": {"application/json": {"schema": schema}}}


def _ref(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{struct.__name__}"}


def text() -> str:
    """The document as YAML."""
    head = "# Written by `python -m parallab.openapi` from server/parallab/wire/: change those, not this.\n"
    return head + yaml.safe_dump(_plain(description()), sort_keys=False, allow_unicode=True, width=120)


def _plain(value: Any) -> Any:
    """Copies without shared parts, which YAML would write as aliases."""
    return msgspec.json.decode(msgspec.json.encode(value))


def main(argv: list[str] | None = None) -> int:
    """Writes the file, or with ``--check`` says whether it is stale."""
    parser = argparse.ArgumentParser(prog="python -m parallab.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is stale")
    options = parser.parse_args(argv)
    wanted = text()
    if not options.check:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(wanted, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{TARGET} is not what the wire says: run `python -m parallab.openapi`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
