"""Starts a lab's kernel with its probe, and records it: jupyter_client's LocalProvisioner and a recorder.

The kernelspec ``parallab`` names it. A kernel that is not ipykernel is started as it is, without
a probe; what it does is then undecided, not wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.paths import jupyter_runtime_dir

import parallab_probe
from parallab import capabilities
from parallab.recorder import Recorder

EXTENSION = "--ext=parallab_probe"


class ParallabProvisioner(LocalProvisioner):
    """A local kernel, recorded. ``recorder`` lives as long as this does, through restarts."""

    recorder: Recorder | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Adds the probe to the kernel's arguments and environment; not where nothing can be recorded."""
        if capabilities.elsewhere():
            return await super().pre_launch(**kwargs)
        if self.recorder is None:
            self.recorder = Recorder(str(self.kernel_id))
        environment = dict(kwargs.pop("env", None) or os.environ)
        environment.update(self.recorder.environment(environment.get("JPY_SESSION_NAME", "")))
        environment.setdefault("PYTHONDONTWRITEBYTECODE", "1")
        if _is_ipykernel(self.kernel_spec.argv):
            folders = [str(probe_folder()), environment.get("PYTHONPATH", "")]
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
            kwargs["extra_arguments"] = [*kwargs.get("extra_arguments", ()), EXTENSION]
        return await super().pre_launch(env=environment, **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Launches it and begins to watch the process."""
        info = await super().launch_kernel(cmd, **kwargs)
        if self.recorder is not None and self.pid:
            self.recorder.attach(self.pid)
        return info

    async def cleanup(self, restart: bool = False) -> None:
        """Ends the recording of this life."""
        if self.recorder is not None:
            self.recorder.detach(restart)
        await super().cleanup(restart)


def _is_ipykernel(argv: list[str]) -> bool:
    return any("ipykernel" in part for part in argv)


def probe_folder() -> Path:
    """A folder that holds only the probe's package, so that nothing else of ours gets into kernels."""
    package = Path(parallab_probe.__file__).resolve().parent
    mark = hashlib.sha256(str(package).encode()).hexdigest()[:12]
    folder = Path(jupyter_runtime_dir()) / "parallab" / f"probe-{mark}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    link = folder / "parallab_probe"
    if not link.exists():
        with contextlib.suppress(FileExistsError):
            link.symlink_to(package, target_is_directory=True)
    return folder
