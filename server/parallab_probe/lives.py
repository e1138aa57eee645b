"""What a process says of its own life: that it is born, that its work runs, and how it ended.

After a fork the first use of nearly every object costs a page fault, some 7 µs, in the child, and often
one more in its parent, since its reference count is written: that is what a process's start costs. So what a
child says is put together before the fork. Its own hooks are few functions that nothing wraps, and what they know
are names of this module, since an attribute also costs the page of its name, that of the interpreter's cache for
its type, and that of the name which the cache held before.
"""

# ruff: noqa: UP031 - "%" formats without a call and an object per part; see report.say
from __future__ import annotations

import os
import sys
from _thread import get_ident, get_native_id
from time import monotonic_ns, process_time_ns

from parallab_probe import describe, install, report
from parallab_probe.report import finish, forget_frames, forked, hook, local, say, tell, transmit

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

getrusage: Callable[[int], Any] | None = None
"""Imported in the kernel, so that forked children need not."""
serves = False
"""This is a forkserver: those whom it forks are born when they are told who they are."""
remembered: Callable[[Any], tuple[dict[str, Any], ...]] | None = None
"""``memory.of_work``, once that is there: in the kernel it is, so that forked children need not look for it."""
give_back: Callable[[], None] | None = None
"""What a spawned child does as its ``_bootstrap`` begins."""
kind: tuple[Any, Any, Any] = (None, None, None)
"""Class, and its target's module and name, of the process made last by this one."""
launches: dict[int, tuple[str, str, Any, list[Any] | None]] = {}
"""By thread, of the fork that multiprocessing is about to make there: a packet that says of birth and run, with places
for birth, tid, start, tid and the CPU time by then; what is said of the birth alone; the work; the shared numbers that
the child is to watch, if that is to change."""

_launch: tuple[str, str, Any, list[Any] | None] | None = None
"""Of the fork that made this process, if that was multiprocessing's."""
_born = 0
"""When a fork made this process, until that has been said."""
_runs: Any = None
"""The process whose ``run`` is called by its ``_bootstrap``."""
_work: Any = None
"""The target, or the class that overrides ``run``."""
_began = 0
"""When the work began."""
_runnable = 0
"""For how long its thread had been runnable by then, −1 unknown."""
_in_bootstrap = False
_exited = False
_pending = False
_error: dict[str, Any] | None = None
_ending: int | None = None
_leaving = False
"""Whether ``os._exit`` is ours."""


def base() -> Any:
    """multiprocessing's class of processes."""
    return sys.modules["multiprocessing.process"].BaseProcess


# -- before a fork ------------------------------------------------------------------------


def launching(process: Any) -> None:
    """multiprocessing is about to fork this process, from this thread."""
    name = report.quote(describe.attributes(process)["_name"])
    birth = ',"ppid":%d,"method":"fork","name":%s' % (os.getpid(), name)
    run = ',"name":%s,"cls":%s' % (name, report.quote(describe.type_name(process)))
    context = local.context.replace("%", "%%")
    begin = _BEGIN % (context, birth.replace("%", "%%"), context, run.replace("%", "%%"))
    launches[get_ident()] = (begin, birth, _work_of(process), _to_watch(process))


_BEGIN = '[{"kind":"process-born","at":%%d,"tid":%%d%s%s},{"kind":"process-run","at":%%d,"tid":%%d%s%s,"cpu_ns":%%d}]'


def given(inside: dict[str, Any]) -> list[Any]:
    """What a process is given to its work, by its attributes: its arguments, and what its target carries."""
    args, kwargs = inside.get("_args", ()), inside.get("_kwargs", {})
    if type(args) is not tuple or type(kwargs) is not dict:
        args, kwargs = (), {}
    arguments, held = describe.carried(inside.get("_target"))
    return [*args, *kwargs.values(), *arguments, *held]


def _work_of(process: Any) -> Any:
    """Its target, or its class if that overrides ``run``."""
    if describe.overrides(process, "run", base()):
        return type(process)
    return describe.attributes(process).get("_target")


def _to_watch(process: Any) -> list[Any] | None:
    """The shared numbers that it was given, for the locks' hooks; None if there is nothing to tell them."""
    numbers = sys.modules.get("parallab_probe.numbers")
    if numbers is None or "multiprocessing.sharedctypes" not in sys.modules:
        return None
    locks: Any = install.hooks("locks")
    arguments = given(describe.attributes(process))
    if type(process) is not kind[0] and describe.overrides(process, "run", base()):
        arguments += describe.shared_attributes(process)
    if not arguments:
        return [] if locks.watched else None
    # A pool's initargs are a tuple among its worker's arguments.
    inside = [part for value in arguments[: describe.ARGS] if type(value) is tuple for part in value[: describe.ARGS]]
    found = [numbers.number(value) for value in [*arguments[: describe.ARGS], *inside]]
    raws = [number[1] for number in found if number is not None]
    return raws if raws or locks.watched else None


def _watch(raws: list[Any]) -> None:
    locks: Any = install.hooks("locks")
    locks.watch(raws)


# -- forks --------------------------------------------------------------------------------


def watch_forks() -> None:
    """From now on, in this process and all forked from it."""
    os.register_at_fork(before=forking, after_in_parent=forked_parent, after_in_child=forked_child)


def forking() -> None:
    """Before a fork. Of one that is not multiprocessing's, only a look at our children tells its pid."""
    if get_ident() not in launches:
        _look_at_children()


@hook
def _look_at_children() -> None:
    if local.run:
        local.newest = _newest_child()


def forked_parent() -> None:
    """After a fork, in the parent, or when it failed."""
    if launches.pop(get_ident(), None) is None and local.newest >= 0:
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


def handle_of(pid: int) -> int:
    """A pidfd (pidfd_open(2)): the child itself, so that the server sees it even if it ends at once.

    One that is terminated before it has begun to run could not confirm itself otherwise.
    """
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


def forked_child() -> None:
    """After a fork, in the child. One of multiprocessing's is said to be born when it runs, at once."""
    global _launch, _born
    try:
        forked()
        if serves:
            _served()
            return
        _launch, _born = launches.pop(get_ident(), None), monotonic_ns()
        if _launch is None or _leaving:
            _forked_otherwise()
    except Exception:
        pass


def _forked_otherwise() -> None:
    """Not by multiprocessing, or from a process that was not."""
    global _leaving, _in_bootstrap, _exited, _pending, _error, _ending, _work, _began
    if _launch is not None:
        _leaving = False
        if os._exit is _exit:
            os._exit = _really_exit
        return
    _in_bootstrap = _exited = _pending = False
    _error = _ending = _work = None
    _began = 0
    local.busy = 0  # a signal's handler may fork while one of our hooks is at work
    _say_raw_fork()
    _leaving = True
    os._exit = _exit


def _served() -> None:
    """A forkserver's child serves nobody, and is born when it is told who it is."""
    global serves
    serves = False


def _say_raw_fork() -> None:
    """A child of os.fork hands over its own pidfd, unless its parent does: nobody else would tell of its end."""
    global _born
    handle = handle_of(os.getpid()) if local.newest < 0 else -1
    local.newest = -1
    try:
        say("process-born", ',"ppid":%d,"method":"os.fork"' % os.getppid(), _born, handed=handle)
    finally:
        _born = 0
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
    global _ending
    if type(status) is int:
        _ending = status & 0xFF
        _end()


# -- run and ended ------------------------------------------------------------------------
#
# Each of these keeps to what :func:`report.hook` promises, in its own words: a wrapper would be three objects more.


def arrived(_process: Any) -> None:
    """``_bootstrap`` begins in the child."""
    global give_back, _in_bootstrap, _exited, _pending, _error, _ending
    try:
        if give_back is not None:
            give_back()
            give_back = None
        _in_bootstrap = True
        if _exited or _pending or _error is not None or _ending is not None:
            _exited = _pending = False
            _error = _ending = None
    except Exception:
        pass
    except BaseException as error:
        forget_frames(error)
        raise


def running(process: Any) -> None:
    """``run`` is about to be called in the child."""
    global _runs, _born, _work, _began, _runnable
    try:
        _runs = process
        if not _born or _launch is None:
            _running(process)
            return
        begin, _, _work, watch = _launch
        if watch is not None:
            _watch(watch)
        if _runnable:
            _runnable = 0  # a fork has begun just now: it has not been runnable for longer than that
        tid, born, _began = get_native_id(), _born, monotonic_ns()
        _born = 0
        transmit(begin % (born, tid, _began, tid, process_time_ns()), 2)
    except Exception:
        pass
    except BaseException as error:
        forget_frames(error)
        raise


def _running(process: Any) -> None:
    """Of a process that was not forked from one of ours just now."""
    global _work, _began, _runnable
    raws = _to_watch(process)
    if raws is not None:
        _watch(raws)
    _work, _began, _runnable = _work_of(process), monotonic_ns(), report.runnable()
    name = report.quote(describe.attributes(process)["_name"])
    cls = report.quote(describe.type_name(process))
    say("process-run", ',"name":%s,"cls":%s,"cpu_ns":%d' % (name, cls, process_time_ns()))


def run_called(process: Any) -> None:
    """The library's ``run`` begins: by ``_bootstrap``, or called directly."""
    if process is not _runs:
        _run_called(process)


@hook
def _run_called(process: Any) -> None:
    if sys.modules["multiprocessing.process"]._current_process is not process:
        tell("run-called", {"ident": int(describe.attributes(process)["_identity"][-1]), "of": "process"})


def raised(_process: Any) -> None:
    """``run`` raised, or exits."""
    global _error
    try:
        error = sys.exc_info()[1]
        if error is not None and _error is None and not _ends_well(error):
            _error = describe.failure(error)
    except Exception:
        pass
    except BaseException as error:
        forget_frames(error)
        raise


def _ends_well(error: BaseException) -> bool:
    if not describe.is_a(error, SystemExit):
        return False
    code = SystemExit.__dict__["code"].__get__(error)
    return code is None or (type(code) is int and code == 0)


def leaving(_token: Any, code: Any) -> Any:
    """``_bootstrap`` returns. From 3.13 on the exit functions, which may block, are still to run."""
    global _in_bootstrap, _ending, _pending
    try:
        if _in_bootstrap:
            _in_bootstrap = False
            _ending = code if type(code) is int else None
            if _exited or not _left_is_woven():
                _end()
            else:
                _pending = True
    except Exception:
        pass
    except BaseException as error:
        forget_frames(error)
        raise
    return code


def _left_is_woven() -> bool:
    util = sys.modules.get("multiprocessing.util")
    return util is not None and any(const is left for const in util._exit_function.__code__.co_consts)


def left(_token: Any, result: Any) -> Any:
    """multiprocessing's exit function has run: queues are flushed, daemons ended."""
    global _exited, _pending
    try:
        if _in_bootstrap:
            _exited = True
        elif _pending:
            _pending = False
            _end()
    except Exception:
        pass
    except BaseException as error:
        forget_frames(error)
        raise
    return result


def _end() -> None:
    global _born
    at = monotonic_ns()  # before the shared numbers are read: who ended before had written them by then
    if _born:  # of a child that never came to run
        born, _born = _born, 0
        say("process-born", _launch[1] if _launch is not None else "", born)
    finish()
    text = usage()
    if _ending is not None:
        text += ',"exit_code":%d' % _ending
    if _error is not None:
        text += ',"error":' + report.encode(_error)
    over = monotonic_ns() - _began
    if _began and over >= report.LONG_NS:
        text += _at_work(over)
    if _work is not None:
        text += _memory()
    locks: Any = sys.modules.get("parallab_probe.locks")
    if locks is not None and locks.watched:
        text += locks.look() or ""
    say("process-end", text, at)


def _at_work(over: int) -> str:
    """How long its work took, and for how much of that its thread was runnable, as JSON."""
    now = report.runnable() if _runnable >= 0 else -1
    return ',"watched_ns":%d,"runnable_ns":%d' % (over, now - _runnable) if now >= 0 else ""


def _memory() -> str:
    """What the modules that its work is from hold here at the end, as JSON."""
    global remembered
    try:
        if remembered is None:
            if not install.state.content:
                return ""
            memory: Any = install.hooks("memory")
            remembered = memory.of_work
        found = remembered(_work)
    except Exception:
        return ""
    return ',"values":' + report.encode(found) if found else ""


def usage() -> str:
    """CPU time and voluntary context switches of this process so far, as JSON."""
    pauses = _pauses() if getrusage is None else getrusage(0).ru_nvcsw  # 0 is RUSAGE_SELF
    return ',"cpu_ns":%d,"pauses":%d' % (process_time_ns(), pauses)


def _pauses() -> int:
    """Of one that only ever had one thread proc(5) tells, in a quarter of the time that loading a module takes."""
    try:
        status = report.proc_text("/proc/self/status")
        if status.partition(b"\nThreads:")[2].split(None, 1)[0] == b"1":
            return int(status.partition(b"\nvoluntary_ctxt_switches:")[2].split(None, 1)[0])
    except (OSError, ValueError, IndexError):
        pass
    return int(resources()(0).ru_nvcsw)


def resources() -> Callable[[int], Any]:
    """``resource.getrusage``, for a process that has or had threads: the sums include those that ended."""
    global getrusage
    if getrusage is None:
        import resource

        getrusage = resource.getrusage
    return getrusage
