"""Puts woven code into the library's modules: at once into those that are loaded, into the others
when they are imported (by a finder that steps aside for all other modules).
"""

from __future__ import annotations

import marshal
import sys
import types

from parallab_probe import report

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from typing import Any

MARK = "parallab:"


class _Installed:
    """What this process has: its bundle, where that is, and what could not be instrumented."""

    def __init__(self) -> None:
        self.path = ""
        self.content: dict[str, Any] = {}
        self.file: Any = None
        """The bundle while it is open."""
        self.blind: list[str] = []
        self.waiting: set[str] = set()
        self.ready: dict[str, Any] = {}
        """Woven code that was unmarshalled ahead."""


state = _Installed()


def install(path: str, content: dict[str, Any], file: Any = None) -> None:
    """Instruments this process; ``file`` is the bundle, if that is open."""
    state.path, state.content, state.file = path, content, file
    state.blind += content["blind"]
    state.waiting = set(content["planned"])
    try:
        for name in content["planned"]:
            module = sys.modules.get(name)
            if module is not None:
                instrument(name, module)
    finally:
        state.file = None
    sys.meta_path.insert(0, Finder())


def instrument(name: str, module: types.ModuleType) -> None:
    """Gives a loaded module's functions their woven code; what does not fit is left and noted."""
    if name not in state.waiting:
        return
    state.waiting.discard(name)
    for qualified, codes in _load(name).items():
        try:
            _replace(_function(module, qualified), codes)
        except Exception as error:  # whatever it is, the learner's program goes on without this hook
            state.blind.append(f"{name}.{qualified}: {type(error).__name__} {error}"[:300])
            # The hello that would say so may be long gone.
            report.omit(f"blind: {name}.{qualified}")


def _load(name: str) -> Any:
    """Unmarshals a part of the bundle, which is read when it is asked for."""
    if name in state.ready:
        return state.ready[name]
    if "parts" in state.content:
        return marshal.loads(state.content["parts"][name])  # noqa: S302
    if state.file is not None:
        return _read(state.file, name)
    with open(state.path, "rb", 0) as file:
        return _read(file, name)


def _read(file: Any, name: str) -> Any:
    place, size = state.content["places"][name]
    file.seek(state.content["begin"] + place)
    return marshal.loads(file.read(size))  # noqa: S302 - our own bundle


def make_ready() -> None:
    """In a forkserver: does what its children may need done, so that they need not."""
    for name in state.waiting:
        state.ready[name] = _load(name)
    for name in state.content["ours"]:
        if name != "boot":
            hooks(name)


def _function(module: types.ModuleType, qualified: str) -> types.FunctionType:
    found: Any = module
    for part in qualified.split("."):
        found = vars(found)[part]
    if type(found) in (staticmethod, classmethod):
        found = found.__func__
    if type(found) is property:
        found = found.fget
    if type(found) is not types.FunctionType:
        raise TypeError("is no function any more")
    return found


_SAME = ("co_name", "co_firstlineno", "co_argcount", "co_kwonlyargcount", "co_freevars", "co_filename")


def _replace(function: types.FunctionType, candidates: tuple[types.CodeType, ...]) -> None:
    old = function.__code__
    for woven in candidates:
        if all(getattr(old, attribute) == getattr(woven, attribute) for attribute in _SAME):
            function.__code__ = woven.replace(co_consts=tuple(_resolve(const) for const in woven.co_consts))
            return
    raise ValueError("differs from its source")


def _resolve(const: Any) -> Any:
    if type(const) is not str or not const.startswith(MARK):
        return const
    name, _, hook = const[len(MARK) :].partition(".")
    return getattr(hooks(name), hook)


def hooks(name: str) -> types.ModuleType:
    """One of our modules, made from the bundle: children may have neither sources nor compiled files."""
    full = f"parallab_probe.{name}"
    module = sys.modules.get(full)
    if module is None:
        module = types.ModuleType(full)
        module.__file__ = f"{state.content['here']}/{name}.py"
        module.__package__ = "parallab_probe"
        sys.modules[full] = module
        try:
            exec(_load(name), module.__dict__)  # noqa: S102 - our own bundle
        except BaseException:
            del sys.modules[full]
            raise
        setattr(sys.modules["parallab_probe"], name, module)
    return module


def found(name: str) -> types.ModuleType:
    """The ``__getattr__`` of a package made from the bundle, for ``from parallab_probe import name``."""
    if name not in state.content.get("ours", ()):
        raise AttributeError(name)
    return hooks(name)


class Finder:
    """A meta path finder that only wraps the loaders of planned modules, each once."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for all other modules, and whenever anything is odd."""
        if name not in state.waiting or report.local.busy == 1:
            return None
        try:
            for finder in sys.meta_path:
                if type(finder) is not Finder and hasattr(finder, "find_spec"):
                    spec = finder.find_spec(name, path, target)
                    if spec is not None:
                        if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                            spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
                        return spec
        except Exception:
            return None
        return None


class _Loader:
    """Executes a module as its own loader does, instruments it, and leaves that loader in its place."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        """As the module's own loader."""
        create: Callable[[ModuleSpec], types.ModuleType | None] | None = getattr(self._loader, "create_module", None)
        return create(spec) if create is not None else None

    def exec_module(self, module: types.ModuleType) -> None:
        """As the module's own loader; then the hooks."""
        spec = module.__spec__
        if spec is not None:
            spec.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        try:
            instrument(module.__name__, module)
        except Exception:
            pass
