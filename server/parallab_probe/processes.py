"""Hooks in ``multiprocessing`` for who has processes: made, started, waited for. Of their lives tell :mod:`lives`."""

# ruff: noqa: UP031 - "%" formats without a call and an object per part; see report.say
from __future__ import annotations

import marshal
import os
import sys
from _thread import get_ident
from time import monotonic_ns

from parallab_probe import describe, install, lives, report
from parallab_probe.report import ending, hook, local, tell

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

SENTINELS = 16


class _State:
    """This process as it is known to the hooks."""

    def __init__(self) -> None:
        self.address = ""
        self.folder = ""
        self.method = ""
        self.made: dict[int, tuple[str, str, str, bool, str]] = {}
        """By id: what was said of processes that were made and not started yet."""
        self.said: tuple[str, bool, str] = ("", False, "")
        """What is said of the class and target of the process made last."""
        self.looks: dict[int, tuple[int, int]] = {}
        self.code = b""
        """``_SOURCE`` compiled, when first a process is sent it: a millisecond that most children can do without."""

    def forget(self) -> None:
        """In a forked child: what was its parent's."""
        self.looks = {}
        self.made = {}


state = _State()
report.at_fork.append(state.forget)


def _ident(process: Any) -> int:
    """Its number in this process: the last part of what multiprocessing itself counts."""
    return int(describe.attributes(process)["_identity"][-1])


# -- made and started -------------------------------------------------------------------


def _described(process: Any, target: Any) -> tuple[str, str, str, bool, str]:
    """Its name, that quoted, what is said of it as JSON, whether it overrides ``run``, and its target."""
    name = describe.attributes(process)["_name"]
    kind = type(process)
    # Nearly always a process like the last one. What is kept is no object of the learner's.
    if type(target) is _FUNCTION:
        known, module, function = lives.kind
        if kind is not known or target.__module__ is not module or target.__qualname__ is not function:
            state.said = _said(process, target)
            plain = type.__getattribute__(kind, "__module__") == "multiprocessing.context"
            lives.kind = (kind if plain else None, target.__module__, target.__qualname__)
        said, overrides, target_name = state.said
    else:
        said, overrides, target_name = _said(process, target)
    quoted = report.quote(name)
    return name, quoted, ',"ident":%d,"name":%s%s' % (_ident(process), quoted, said), overrides, target_name


_FUNCTION = type(_ident)


def _said(process: Any, target: Any) -> tuple[str, bool, str]:
    overrides = describe.overrides(process, "run", lives.base())
    target_name = describe.function_name(target)
    # Where a class of the learner's stands is told only of those that no fresh Python could import.
    full = describe.full_type_name(process)
    text = ',"cls":%s,"target":%s,"overrides_run":%s' % (
        report.quote(full if full.startswith("__main__.") else describe.type_name(process)),
        '""' if overrides else report.quote(target_name),
        "true" if overrides else "false",
    )
    return text, overrides, target_name


@ending
def made(token: Any, _result: Any) -> None:
    process, target = token
    if len(state.made) > 1024:
        state.made.clear()
    state.made[id(process)] = described = _described(process, target)
    report.say("process-made", described[2])


@hook
def starting(process: Any) -> Any:
    began = monotonic_ns()
    inside = describe.attributes(process)
    target = inside.get("_target")
    # Of an id that is used again, made() noted the new owner.
    described = state.made.pop(id(process), None)
    if described is None or described[0] is not inside.get("_name"):
        described = _described(process, target)
    _, _, text, overrides, name = described
    given = lives.given(inside)
    if overrides:
        given += describe.shared_attributes(process)
    text = ',"began":%d%s' % (began, text)
    queued = report.late(began)
    if queued:
        text = '%s,"queued_ns":%d' % (text, queued)
    if given:
        numbers = sys.modules.get("parallab_probe.numbers")
        if numbers is not None:
            numbers.hold(given)
        text = '%s,"args":%s' % (text, report.encode(describe.arguments(given)))
    role = _ROLES.get(name)
    if role is not None:
        text = '%s,"role":"%s"' % (text, role)
    if inside.get("_config", {}).get("daemon"):
        text += ',"daemon":true'
    return process, text


_ROLES = {
    "multiprocessing.pool.worker": "pool",
    "concurrent.futures.process._process_worker": "executor",
    "multiprocessing.managers.BaseManager._run_server": "manager",
}


@ending
def started(token: Any, _result: Any) -> None:
    if token is None:
        return
    process, text = token
    popen: Any = describe.attributes(process)["_popen"]
    handle = lives.handle_of(popen.pid)
    try:
        report.say("process-start", '%s,"child":%d,"method":"%s"' % (text, popen.pid, popen.method), handed=handle)
        report.start.last = monotonic_ns()
    finally:
        if handle >= 0:
            os.close(handle)


@hook
def not_started(token: Any) -> None:
    lives.launches.pop(get_ident(), None)
    error = sys.exc_info()[1]
    if token is not None and error is not None:
        process, text = token
        error_text = report.encode(describe.failure(error))
        report.say("process-start", '%s,"method":"%s","error":%s' % (text, _method(process), error_text))


def _method(process: Any) -> str:
    """The start method of a process that did not start; the default is asked for without fixing it."""
    for kind in type.mro(type(process)):
        found = kind.__dict__.get("_start_method")
        if type(found) is str:
            return found
    return default_method()


def default_method() -> str:
    """The start method that ``Process()`` would use now; asking does not fix it."""
    context = sys.modules.get("multiprocessing.context")
    chosen = context._default_context._actual_context if context is not None else None
    if chosen is not None:
        return str(chosen._name)
    return "forkserver" if sys.version_info >= (3, 14) else "fork"


# -- launched -------------------------------------------------------------------------


@hook
def launch_fork(process: Any) -> None:
    """multiprocessing is about to fork. What the child will say is put together here (:mod:`parallab_probe.lives`)."""
    lives.launching(process)


class Sent:
    """Travels ahead of a spawned process; unpickling it executes code there, with ``names`` as its names."""

    def __init__(self, code: Any, names: dict[str, Any]) -> None:
        self.code = code
        self.names = names

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self.code, self.names)


class Ready:
    """Code that needs not be compiled, for the same Python."""

    def __init__(self, code: bytes) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return marshal.loads, (self.code,)


_SOURCE = """\
try:
    import sys
    from marshal import loads
    here = sys.modules.get("parallab_probe.child")
    if here is None:
        with open(path, "rb", 0) as file:
            size = int.from_bytes(file.read(8), "little")
            bundle = loads(file.read(size))
            bundle["begin"] = 8 + size
            place, size = bundle["places"]["boot"]
            file.seek(bundle["begin"] + place)
            space = {}
            exec(loads(file.read(size)), space)
            space["boot"](file, bundle, path, facts)
    else:
        here.arrive_again(facts)
except Exception:
    pass
"""
_CHECKED = "import sys, marshal\nif sys.version == %r: exec(marshal.loads(%r))"
_LAUNCHERS = {
    "multiprocessing.popen_spawn_posix": "spawn",
    "multiprocessing.popen_forkserver": "forkserver",
}


def _facts(method: str) -> dict[str, Any]:
    return {
        "address": state.address,
        "folder": state.folder,
        "method": method,
        "cell": local.cell,
        "run": local.run,
    }


def _code() -> bytes:
    state.code = state.code or marshal.dumps(compile(_SOURCE, "<parallab>", "exec", dont_inherit=True))
    return state.code


def _can_send() -> bool:
    return bool(install.state.path) and report.line.socket is not None


@ending
def prepared(token: Any, data: Any) -> None:
    """What is sent ahead of a process object to a new interpreter is ready."""
    frame = sys._getframe(3)  # this, guarded, get_preparation_data, its caller
    method = _LAUNCHERS.get(frame.f_globals.get("__name__", ""))
    if method is None or frame.f_code.co_name != "_launch" or not _can_send():
        return
    facts = _facts(method)
    name = token[0] if type(token[0]) is str else ""
    facts["birth"] = ',"method":"%s","name":%s' % (method, report.quote(name))
    data["sys_path"] = [part for part in data["sys_path"] if part != state.folder]
    code = _CHECKED % (sys.version, _code()) if _is_other_python() else Ready(_code())
    data["parallab"] = Sent(code, {"path": install.state.path, "facts": facts})


_MAIN = "from multiprocessing.forkserver import main; "


@hook
def serving(args: Any) -> None:
    """The forkserver is about to be launched, as ``python -c …`` with these arguments.

    It gets the probe ahead of all whom it will fork: they need but say that they are born.
    """
    if not _can_send() or _is_other_python() or not args[-1].startswith(_MAIN):
        return
    names = {"path": install.state.path, "facts": {**_facts("forkserver"), "serves": True}}
    args[-1] = "%sexec(%r, %r); %s" % (_MAIN, _SOURCE, names, args[-1][len(_MAIN) :])


def _is_other_python() -> bool:
    """``multiprocessing.set_executable`` was called: its marshalled code may not be ours."""
    return os.fsencode(sys.modules["multiprocessing.spawn"].get_executable()) != os.fsencode(sys.executable)


# -- waited for ------------------------------------------------------------------------


@hook
def joining(process: Any, timeout: Any) -> Any:
    popen = describe.attributes(process).get("_popen")
    if popen is None or local.internal:
        return None
    began = monotonic_ns()
    timed = ',"timed":true' if timeout is not None else ""
    text = ',"call":"join","began":%d,"child":%d%s' % (began, popen.pid, timed)
    local.looking += 1
    report.say("wait", text + ',"done":false', began)
    return popen, text


def _joined(token: Any) -> None:
    if token is None:
        return
    local.looking -= 1
    popen, text = token
    code = popen.returncode
    ended = ',"alive":true' if code is None else ',"alive":false,"exit_code":%d' % code
    report.say("wait", text + ended)


joined = ending(lambda token, _result: _joined(token))
not_joined = hook(_joined)


def _look(call: str, process: Any, alive: bool | None, code: int | None) -> None:
    popen = describe.attributes(process).get("_popen")
    if popen is None or local.internal or local.looking:
        return
    now = monotonic_ns()
    count, last = state.looks.get(popen.pid, (0, 0))
    if code is None and report.thinned(count, last, now):
        return
    if len(state.looks) > 4096:
        state.looks.clear()
    state.looks[popen.pid] = (count + 1, now)
    facts = {"call": call, "began": now, "child": popen.pid, "alive": alive, "exit_code": code}
    tell("wait", facts, now)


@ending
def asked_alive(token: Any, alive: Any) -> None:
    popen = describe.attributes(token[0]).get("_popen")
    _look("is_alive", token[0], bool(alive), popen.returncode if popen is not None else None)


@ending
def asked_exitcode(token: Any, code: Any) -> None:
    _look("exitcode", token[0], code is None, code if type(code) is int else None)


@ending
def terminated(token: Any, _result: Any) -> None:
    _look("terminate", token[0], None, None)


@ending
def killed(token: Any, _result: Any) -> None:
    _look("kill", token[0], None, None)


@hook
def polling(popen: Any) -> Any:
    """The library looks whether a child has ended."""
    return popen if popen.returncode is None and not local.looking else None


@ending
def polled(popen: Any, code: Any) -> None:
    if popen is not None and type(code) is int:
        tell("process-exit", {"child": popen.pid, "exit_code": code})


_INSIDE = ("multiprocessing.", "concurrent.futures.")


@hook
def watching(objects: Any, timeout: Any) -> Any:
    """``multiprocessing.connection.wait``; sentinels of children among what it waits for."""
    if local.looking or local.internal or (type(objects) is not list and type(objects) is not tuple):
        return None
    numbers = [value for value in objects if type(value) is int]
    # join and is_alive come here too: frames are this, guarded, wait, its caller.
    if not numbers or sys._getframe(3).f_globals.get("__name__", "").startswith(_INSIDE):
        return None
    children = {}
    for process in list(sys.modules["multiprocessing.process"]._children):
        inside = describe.attributes(process)
        if "_sentinel" in inside:
            children[inside["_sentinel"]] = inside["_popen"].pid
    sentinels = {number: children[number] for number in numbers if number in children}
    if not sentinels:
        return None
    began = monotonic_ns()
    facts = {"call": "wait", "began": began, "timed": timeout is not None}
    for child in list(sentinels.values())[:SENTINELS]:
        tell("wait", {**facts, "child": child, "done": False})
    return sentinels, facts


@ending
def watched(token: Any, ready: Any) -> None:
    if token is None:
        return
    sentinels, facts = token
    ended = {value for value in ready if type(value) is int}
    for sentinel, child in list(sentinels.items())[:SENTINELS]:
        tell("wait", {**facts, "child": child, "alive": sentinel not in ended})
