"""The Jupyter server extension: puts the parts together, and takes them apart when the server stops."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir
from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, List, TraitError, Unicode, default, validate

from parallab.classroom import Classroom, access
from parallab.desk import Desk
from parallab.events import Events
from parallab.handlers import ROUTES
from parallab.judge_pool import JudgePool
from parallab.kernels import Kernels
from parallab.library import CourseLibrary
from parallab.preview import Preview
from parallab.store import Keeper
from parallab.workplace import Workplace

KERNEL_ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
SQLITE = "sqlite:///"
#: The option of JupyterLab's page that the front end looks for.
OPEN_SIDEBAR = "parallabOpenSidebar"


class ParallabApp(ExtensionApp):
    """Parallab's server part."""

    name = "parallab"
    description = "Teaches Python concurrency by watching the learner's real processes."
    load_other_extensions = True
    extension_url = "/lab"

    store_url = Unicode(
        help="Where progress is kept, as sqlite:///PATH; by default in Jupyter's data folder.",
    ).tag(config=True)
    folder = Unicode(
        "parallab",
        help="The folder below the server's root that labs are opened in, one folder a lab.",
    ).tag(config=True)

    lab_folders = List(
        Unicode(),
        help="Folders of labs to use instead of the installed courses, for authors.",
    ).tag(config=True)

    open_sidebar = Bool(
        False,
        help="Whether JupyterLab starts with Parallab's sidebar open, unless the learner's settings say otherwise.",
    ).tag(config=True)

    preview = Bool(
        False,
        help="For authors: tells the browser when a lab's files change, and brings the change into its notebook.",
    ).tag(config=True)

    class_url = Unicode(
        help="The class service that progress is reported to, as http://HOST:PORT/services/NAME/; none when empty. "
        "parallab.hub.configure sets it, through PARALLAB_CLASS_URL.",
    ).tag(config=True)

    @default("class_url")
    def _default_class_url(self) -> str:
        return os.environ.get("PARALLAB_CLASS_URL", "")

    @default("store_url")
    def _default_store_url(self) -> str:
        return f"{SQLITE}{Path(jupyter_data_dir()) / 'parallab' / 'progress.sqlite'}"

    @validate("store_url")
    def _sqlite_only(self, proposal: Any) -> str:
        url: str = proposal["value"]
        if not url.startswith(SQLITE) or len(url) == len(SQLITE):
            raise TraitError(f"ParallabApp.store_url must be {SQLITE}PATH; it is {url!r}.")
        return url

    @validate("folder")
    def _below_root(self, proposal: Any) -> str:
        folder: str = proposal["value"].strip("/")
        if any(part in ("", ".", "..") for part in folder.split("/")) and folder:
            raise TraitError(f"ParallabApp.folder must be a path below the server's root; it is {proposal['value']!r}.")
        return folder

    def initialize_settings(self) -> None:
        """Opens nothing yet: database, labs and judging process wait for the first request."""
        server: Any = self.serverapp
        events = Events(server.event_logger)
        events.register()
        library = CourseLibrary([Path(folder).expanduser() for folder in self.lab_folders] or None)
        keeper = Keeper(Path(self.store_url.removeprefix(SQLITE)).expanduser())
        of_class = access(self.class_url)
        desk = Desk(
            library,
            keeper,
            Kernels(server.kernel_manager),
            JudgePool(),
            Workplace(server.contents_manager, self.folder),
            events,
            Classroom(of_class, keeper) if of_class is not None else None,
            authoring=self.preview,
        )
        self._preview = Preview(library, events.lab) if self.preview else None
        if self._preview is not None:
            server.io_loop.add_callback(self._preview.start)
        self.settings["parallab_desk"] = desk
        if of_class is not None:
            server.io_loop.add_callback(desk.begin)
        if self.open_sidebar:
            # JupyterLab's page carries these to the browser, as PageConfig.
            server.web_app.settings.setdefault("page_config_data", {})[OPEN_SIDEBAR] = "true"
        server.event_logger.add_listener(schema_id=KERNEL_ACTIONS, listener=desk.watches.kernel_action)

    def initialize_handlers(self) -> None:
        """Adds the routes."""
        self.handlers.extend(ROUTES)

    async def stop_extension(self) -> None:
        """Ends the judging process and closes the database."""
        if self._preview is not None:
            await self._preview.close()
        desk = self.settings.get("parallab_desk")
        if desk is not None:
            await desk.close()
