"""Executed in a spawned child before anything of the learner's: makes the probe's modules from the bundle."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

FIRST = ("report", "install", "describe", "lives", "processes", "threads", "child")


def boot(file: Any, bundle: dict[str, Any], path: str, facts: dict[str, Any]) -> None:
    """Makes the package, loads what every child needs, and arrives. ``file`` is the bundle, open."""
    import gc
    import sys
    from marshal import loads

    if "parallab_probe" in sys.modules:
        return
    package: Any = type(sys)("parallab_probe")
    package.__path__ = [bundle["here"]]
    package.__file__ = bundle["here"] + "/__init__.py"
    sys.modules["parallab_probe"] = package
    # What is made here stays: to look through all of it and of the child's own for garbage takes a millisecond.
    collects = gc.isenabled()
    gc.disable()
    try:
        for name in FIRST:
            module: Any = type(sys)("parallab_probe." + name)
            module.__file__ = f"{bundle['here']}/{name}.py"
            module.__package__ = "parallab_probe"
            sys.modules[module.__name__] = module
            setattr(package, name, module)
            place, size = bundle["places"][name]
            file.seek(bundle["begin"] + place)
            exec(loads(file.read(size)), module.__dict__)  # noqa: S102, S302 - our own bundle
        package.__getattr__ = package.install.found
        package.child.arrive(file, bundle, path, facts)
    finally:
        if collects:
            gc.enable()
