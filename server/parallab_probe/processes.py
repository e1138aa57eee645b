"""Hooks in ``multiprocessing`` for the life of processes: made, started, born, run, ended, waited for."""

# ruff: noqa: UP031 - "%" formats without a call and an object per part; see report.say
from __future__ import annotations

import marshal
import os
import sys
from _thread import get_native_id
from time import monotonic_ns, process_time_ns

from parallab_probe import describe, install, report
from parallab_probe.report import early, ending, hook, local, tell

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LOOKS = 20
"""Looks at one process (is_alive, exitcode) that are reported, before they are thinned out."""
LOOK_EVERY_NS = 50_000_000
SENTINELS = 16


class _State:
    """This process as it is known to the hooks."""

    def __init__(self) -> None:
        self.address = ""
        self.folder = ""
        self.method = ""
        self.at_work: tuple[int, int] = (0, 0)
        """When the work began, and for how long its thread had been runnable by then."""
        self.work: Any = None
        """The target, or the class that overrides ``run``."""
        self.launched: Any = None
        """The same of the process that is about to be forked, for the child to take over."""
        self.give_back: Callable[[], None] | None = None
        self.made: dict[int, tuple[str, str, str, bool, str]] = {}
        """By id: what was said of processes that were made and not started yet."""
        self.birth = ""
        """What a forked child says of its birth."""
        self.begin = ""
        """The same and that it runs: a packet with places for birth, tid, start, tid and the CPU time by then."""
        self.born = 0
        """When a fork made this process, until that has been said."""
        self.watch: list[Any] | None = None
        """Shared numbers that a forked child is to watch, if that is to change."""
        self.kind: tuple[Any, Any, Any] = (None, None, None)
        """Class, and its target's module and name, of the process made last, and what is said of these."""
        self.said: tuple[str, bool, str] = ("", False, "")
        self.serves = False
        """This is a forkserver: those whom it forks are born when they are told who they are."""
        self.looks: dict[int, tuple[int, int]] = {}
        self.in_bootstrap = False
        self.exited = False
        self.error: dict[str, Any] | None = None
        self.ending: int | None = None
        self.pending = False
        self.getrusage: Callable[[int], Any] | None = None
        """Imported in the kernel, so that forked children need not."""

    def forget(self) -> None:
        """In a forked child: what was its parent's."""
        self.looks = {}
        self.made = {}


state = _State()
report.at_fork.append(state.forget)


def _process() -> Any:
    return sys.modules["multiprocessing.process"]


def _base() -> Any:
    return _process().BaseProcess


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
        known, module, function = state.kind
        if kind is not known or target.__module__ is not module or target.__qualname__ is not function:
            state.said = _said(process, target)
            plain = type.__getattribute__(kind, "__module__") == "multiprocessing.context"
            state.kind = (kind if plain else None, target.__module__, target.__qualname__)
        said, overrides, target_name = state.said
    else:
        said, overrides, target_name = _said(process, target)
    quoted = report.quote(name)
    return name, quoted, ',"ident":%d,"name":%s%s' % (_ident(process), quoted, said), overrides, target_name


_FUNCTION = type(_process)


def _said(process: Any, target: Any) -> tuple[str, bool, str]:
    overrides = describe.overrides(process, "run", _base())
    target_name = describe.function_name(target)
    text = ',"cls":%s,"target":%s,"overrides_run":%s' % (
        report.quote(describe.type_name(process)),
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


@early
def run_called(process: Any) -> None:
    """The library's ``run`` begins: by ``_bootstrap``, or called directly."""
    if _process()._current_process is not process:
        tell("run-called", {"ident": _ident(process), "of": "process"})


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
    given = _given(inside)
    if overrides:
        given += describe.shared_attributes(process)
    text = ',"began":%d%s' % (began, text)
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


def _given(inside: dict[str, Any]) -> list[Any]:
    """What a process is given to its work, by its attributes: its arguments, and what its target carries."""
    args, kwargs = inside.get("_args", ()), inside.get("_kwargs", {})
    if type(args) is not tuple or type(kwargs) is not dict:
        args, kwargs = (), {}
    given, held = describe.carried(inside.get("_target"))
    return [*args, *kwargs.values(), *given, *held]


_ROLES = {
    "multiprocessing.pool.worker": "pool",
    "concurrent.futures.process._process_worker": "executor",
    "multiprocessing.managers.BaseManager._run_server": "manager",
}


@ending
def started(token: Any, _result: Any) -> None:
    local.forking = ""
    if token is None:
        return
    process, text = token
    popen: Any = describe.attributes(process)["_popen"]
    handle = handle_of(popen.pid)
    try:
        report.say("process-start", '%s,"child":%d,"method":"%s"' % (text, popen.pid, popen.method), handed=handle)
    finally:
        if handle >= 0:
            os.close(handle)


def handle_of(pid: int) -> int:
    """A pidfd (pidfd_open(2)): the child itself, so that the server sees it even if it ends at once.

    One that is terminated before it has begun to run could not confirm itself otherwise.
    """
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


@hook
def not_started(token: Any) -> None:
    local.forking = ""
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


# -- born -----------------------------------------------------------------------------


@hook
def launch_fork(process: Any) -> None:
    """multiprocessing is about to fork. What the child will say is put together here (:func:`report.say`)."""
    local.forking = "fork"
    name = report.quote(describe.attributes(process)["_name"])
    birth = ',"ppid":%d,"method":"fork","name":%s' % (os.getpid(), name)
    run = ',"name":%s,"cls":%s' % (name, report.quote(describe.type_name(process)))
    context = local.context.replace("%", "%%")
    state.birth = birth
    state.begin = _BEGIN % (context, birth.replace("%", "%%"), context, run.replace("%", "%%"))
    state.watch = _to_watch(process)
    state.launched = _work(process)


_BEGIN = '[{"kind":"process-born","at":%%d,"tid":%%d%s%s},{"kind":"process-run","at":%%d,"tid":%%d%s%s,"cpu_ns":%%d}]'


def watch_forks() -> None:
    """From now on, in this process and all forked from it."""
    os.register_at_fork(before=forking, after_in_parent=forked_parent, after_in_child=forked_child)


@hook
def forking() -> None:
    """Before a fork. Of one that is not multiprocessing's, only a look at our children tells its pid."""
    if not local.forking and local.run:
        local.newest = _newest_child()


def forked_parent() -> None:
    """After a fork, in the parent, or when it failed."""
    if local.forking:
        local.forking = ""
    elif local.newest >= 0:
        _say_fork()


@hook
def _say_fork() -> None:
    before, local.newest = local.newest, -1
    child = _newest_child()
    if child > 0 and child != before:
        handle = handle_of(child)
        try:
            tell("fork-made", {"child": child}, handed=handle)
        finally:
            if handle >= 0:
                os.close(handle)


def _newest_child() -> int:
    """This thread's newest child, 0 without one, −1 where it cannot be told (proc_pid_task(5), children)."""
    try:
        fd = os.open("/proc/thread-self/children", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1
    try:
        last = b""
        while part := os.read(fd, 65536):
            last = last[-16:] + part
        return int((last.split() or (b"0",))[-1])
    finally:
        os.close(fd)


def forked_child() -> None:
    """After a fork, in the child. One of multiprocessing's is said to be born when it runs, at once."""
    try:
        report.forked()
        if state.serves:
            state.serves = False
            return
        state.born = monotonic_ns()
        if local.forking:
            local.forking = ""
            if os._exit is _exit:
                os._exit = _really_exit
        else:
            state.in_bootstrap = state.exited = state.pending = False
            state.error = state.ending = state.work = None
            state.at_work = (0, 0)
            state.birth = ',"ppid":%d,"method":"os.fork"' % os.getppid()
            _say_raw_fork()
            os._exit = _exit
    except Exception:
        pass


def _say_born() -> None:
    if state.born:
        report.say("process-born", state.birth, state.born)
        state.born = 0


def _say_raw_fork() -> None:
    """A child of os.fork hands over its own pidfd, unless its parent does: nobody else would tell of its end."""
    handle = handle_of(os.getpid()) if local.newest < 0 else -1
    local.newest = -1
    try:
        report.say("process-born", state.birth, state.born, handed=handle)
    finally:
        state.born = 0
        if handle >= 0:
            os.close(handle)


_really_exit = os._exit


def _exit(status: Any) -> Any:
    """What a child of os.fork ends with: until then it is the library's own."""
    _leaves(status)
    _really_exit(status)


_exit.__module__ = "os"
_exit.__doc__ = _really_exit.__doc__


@hook
def _leaves(status: Any) -> None:
    if type(status) is int:
        state.ending = status & 0xFF
        _end()


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
_CODE = marshal.dumps(compile(_SOURCE, "<parallab>", "exec", dont_inherit=True))
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
    code = _CHECKED % (sys.version, _CODE) if _is_other_python() else Ready(_CODE)
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


# -- run and ended ---------------------------------------------------------------------


@early
def arrived(_process: Any) -> None:
    """``_bootstrap`` begins in the child."""
    if state.give_back is not None:
        state.give_back()
        state.give_back = None
    state.in_bootstrap = True
    state.exited = state.pending = False
    state.error = state.ending = None


@early
def running(process: Any) -> None:
    """``run`` is about to be called in the child."""
    if state.born:
        if state.watch is not None:
            sys.modules["parallab_probe.locks"].watch(state.watch)
        tid, born, now = get_native_id(), state.born, monotonic_ns()
        state.born = 0
        # A fork has begun just now: it has not been runnable for longer than that.
        state.at_work, state.work = (now, 0), state.launched
        report.say_two(state.begin % (born, tid, now, tid, process_time_ns()))
        return
    watch = _to_watch(process)
    if watch is not None:
        sys.modules["parallab_probe.locks"].watch(watch)
    state.work = _work(process)
    state.at_work = (monotonic_ns(), report.runnable())
    name = report.quote(describe.attributes(process)["_name"])
    cls = report.quote(describe.type_name(process))
    report.say("process-run", ',"name":%s,"cls":%s,"cpu_ns":%d' % (name, cls, process_time_ns()))


def _work(process: Any) -> Any:
    """Its target, or its class if that overrides ``run``."""
    if describe.overrides(process, "run", _base()):
        return type(process)
    return describe.attributes(process).get("_target")


def _to_watch(process: Any) -> list[Any] | None:
    """The shared numbers that it was given, for the locks' hooks; None if there is nothing to tell them."""
    locks, numbers = sys.modules.get("parallab_probe.locks"), sys.modules.get("parallab_probe.numbers")
    if locks is None or numbers is None:
        return None
    given = _given(describe.attributes(process))
    if type(process) is not state.kind[0] and describe.overrides(process, "run", _base()):
        given += describe.shared_attributes(process)
    if not given:
        return [] if locks.watched else None
    # A pool's initargs are a tuple among its worker's arguments.
    inside = [part for value in given[: describe.ARGS] if type(value) is tuple for part in value[: describe.ARGS]]
    found = [numbers.number(value) for value in [*given[: describe.ARGS], *inside]]
    raws = [number[1] for number in found if number is not None]
    return raws if raws or locks.watched else None


@early
def raised(_process: Any) -> None:
    """``run`` raised, or exits."""
    error = sys.exc_info()[1]
    if error is None or state.error is not None:
        return
    if describe.is_a(error, SystemExit):
        code = SystemExit.__dict__["code"].__get__(error)
        if code is None or (type(code) is int and code == 0):
            return
    state.error = describe.failure(error)


def leaving(_token: Any, code: Any) -> Any:
    """``_bootstrap`` returns. From 3.13 on the exit functions, which may block, are still to run."""
    _leave(code)
    return code


@early
def _leave(code: Any) -> None:
    if not state.in_bootstrap:
        return
    state.in_bootstrap = False
    state.ending = code if type(code) is int else None
    state.pending = True
    if state.exited or not _left_is_woven():
        _end()


def _left_is_woven() -> bool:
    util = sys.modules.get("multiprocessing.util")
    return util is not None and any(const is left for const in util._exit_function.__code__.co_consts)


def left(_token: Any, result: Any) -> Any:
    """multiprocessing's exit function has run: queues are flushed, daemons ended."""
    _exited()
    return result


@early
def _exited() -> None:
    if state.in_bootstrap:
        state.exited = True
    elif state.pending:
        _end()


def _end() -> None:
    state.pending = False
    if state.born:
        _say_born()  # of a child that never came to run
    report.finish()
    text = usage()
    if state.ending is not None:
        text += ',"exit_code":%d' % state.ending
    if state.error is not None:
        text += ',"error":' + report.encode(state.error)
    text += _at_work() + _memory()
    report.say("process-end", text)


def _at_work() -> str:
    """How long its work took, and for how much of that its thread was runnable, as JSON."""
    began, before = state.at_work
    over = monotonic_ns() - began
    if not began or before < 0 or over < report.LONG_NS:
        return ""
    now = report.runnable()
    return ',"watched_ns":%d,"runnable_ns":%d' % (over, now - before) if now >= 0 else ""


def _memory() -> str:
    """What the modules that its work is from hold here at the end, as JSON."""
    if not install.state.content or state.work is None:
        return ""
    try:
        memory: Any = install.hooks("memory")
        found = memory.copied(memory.reached([state.work]))
    except Exception:
        return ""
    return ',"values":' + report.encode(found) if found else ""


def usage() -> str:
    """CPU time and voluntary context switches of this process so far, as JSON."""
    if state.getrusage is None:
        from resource import getrusage

        state.getrusage = getrusage
    look = state.getrusage
    return ',"cpu_ns":%d,"pauses":%d' % (process_time_ns(), look(0).ru_nvcsw)  # 0 is RUSAGE_SELF


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
    if count > LOOKS and now - last < LOOK_EVERY_NS and code is None:
        report.omit("look")
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
    for process in list(_process()._children):
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
