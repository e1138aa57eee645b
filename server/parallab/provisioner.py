"""Starts a lab's kernel with its probe, and records it: jupyter_client's LocalProvisioner and a recorder.

The kernelspec ``parallab`` names it. A kernel that is not ipykernel is started as it is, without
a probe; what it does is then undecided, not wrong.
"""

from __future__ import annotations

import os
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from parallab import capabilities
from parallab.guest import EXTENSION, probe_folder
from parallab.recorder import Recorder


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
