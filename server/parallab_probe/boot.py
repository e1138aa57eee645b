"""Executed in a spawned child before anything of the learner's: makes the probe's modules from the bundle."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

FIRST = ("report", "install", "describe", "processes", "threads", "child")


def boot(bundle: dict[str, Any], path: str, facts: dict[str, Any]) -> None:
    """Makes the package, loads what every child needs, and arrives."""
    import sys
    from marshal import loads

    if "parallab_probe" in sys.modules:
        return
    package: Any = type(sys)("parallab_probe")
    package.__path__ = [bundle["here"]]
    package.__file__ = bundle["here"] + "/__init__.py"
    sys.modules["parallab_probe"] = package
    for name in FIRST:
        module: Any = type(sys)("parallab_probe." + name)
        module.__file__ = f"{bundle['here']}/{name}.py"
        module.__package__ = "parallab_probe"
        sys.modules[module.__name__] = module
        setattr(package, name, module)
        exec(loads(bundle["own"][name]), module.__dict__)  # noqa: S102, S302 - our own bundle
    package.child.arrive(bundle, path, facts)
