"""Puts a lab's notebook and data modules into the learner's folder, and never over their work.

Everything goes through Jupyter's contents manager, so that its hooks, checkpoints and signatures
work as for any other file. Where the files are on this machine, a symbolic link that leads out
of the server's root is refused.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from parallab import wire
from parallab.merging import Merged
from parallab.problems import Problem

#: Brings a notebook to the lab's version; None when there is nothing to do.
Renew = Callable[[Mapping[str, Any]], Merged | None]


@dataclass(frozen=True)
class Placed:
    """Where the notebook is, whether it was made now, the digests of what was written, and what was renewed."""

    path: str
    created: bool
    digests: Mapping[str, str]
    news: wire.News | None = None


def digest(content: bytes) -> str:
    """What a file's content is known by."""
    return hashlib.sha256(content).hexdigest()


class Workplace:
    """A folder of the contents manager, ``folder`` below its root, with one folder a lab."""

    def __init__(self, contents: Any, folder: str) -> None:
        self._contents = contents
        self._folder = folder.strip("/")
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def put(
        self,
        slug: str,
        notebook: Mapping[str, Any],
        modules: Mapping[str, bytes],
        known: Mapping[str, frozenset[str]],
        renew: Renew = lambda _: None,
    ) -> Placed:
        """Makes what is missing. ``known``: the digests with which we wrote each module before.

        A module that the learner has changed is theirs and stays. A notebook that is there is only
        written to where ``renew`` brings it to a new version of the lab; a copy of it is kept.

        :raises Problem: something else is in the way, or the folder cannot be written.
        """
        home = "/".join(part for part in (self._folder, slug) if part)
        async with self._turns[slug]:
            try:
                await self._folders(home)
                digests = {
                    name: digest(content)
                    for name, content in modules.items()
                    if await self._module(f"{home}/{name}", content, known.get(name, frozenset()))
                }
                path = f"{home}/{slug}.ipynb"
                created = await self._new(path, _notebook(notebook))
                news = None if created else await self._renewed(path, renew)
                if news is not None:
                    own = [name for name, content in modules.items() if await self._differs(f"{home}/{name}", content)]
                    news = msgspec.structs.replace(news, files=tuple(own))
            except HTTPError as error:
                raise _unwritten(home, error.log_message or str(error)) from error
            except OSError as error:
                raise _unwritten(home, str(error)) from error
        return Placed(path, created, digests, news)

    async def keep(self, slug: str, stem: str, content: bytes) -> str:
        """Writes a new file of ours into the learner's folder, and over none; answers its path.

        :raises Problem: it cannot be written.
        """
        home = "/".join(part for part in (self._folder, slug) if part)
        made = {"type": "file", "format": "text", "content": content.decode("utf-8")}
        async with self._turns[slug]:
            try:
                await self._folders(home)
                path = await self._free(f"{home}/{stem}", ".json")
                await ensure_async(self._contents.save(made, path))
            except HTTPError as error:
                raise _unwritten(home, error.log_message or str(error)) from error
            except OSError as error:
                raise _unwritten(home, str(error)) from error
        return path

    async def _renewed(self, path: str, renew: Renew) -> wire.News | None:
        """Writes the notebook of the lab's new version, after a copy of the old one."""
        try:
            mine = (await ensure_async(self._contents.get(path, type="notebook")))["content"]
        except HTTPError:  # it is no notebook any more: it stays as it is, and JupyterLab says what is wrong with it
            return None
        merged = renew(mine)
        if merged is None:
            return None
        old = ""
        if merged.news.before != merged.news.version:  # else it is its author who looks at it
            old = await self._free(f"{path.removesuffix('.ipynb')}.version-{merged.news.before}", ".ipynb")
            await ensure_async(self._contents.save(_notebook(mine), old))
        await ensure_async(self._contents.save(_notebook(merged.notebook), path))
        return msgspec.structs.replace(merged.news, old=old)

    async def _free(self, stem: str, ending: str) -> str:
        """A path that nothing has yet; what was kept earlier is not written over."""
        path, count = f"{stem}{ending}", 1
        while await ensure_async(self._contents.exists(path)):
            count += 1
            path = f"{stem}-{count}{ending}"
        self._stays_inside(path)
        return path

    async def _differs(self, path: str, content: bytes) -> bool:
        found = await ensure_async(self._contents.get(path, type="file", format="base64"))
        return base64.b64decode(found["content"]) != content

    async def saved(self, slug: str) -> bytes:
        """The lab's notebook as it was saved last, with its outputs.

        :raises Problem: there is none, or it cannot be read.
        """
        path = "/".join(part for part in (self._folder, slug, f"{slug}.ipynb") if part)
        self._stays_inside(path)
        try:
            found = await ensure_async(self._contents.get(path, type="file", format="text"))
        except HTTPError as error:
            if error.status_code == 404:
                raise Problem(404, f"There is no {path}. Open the lab first, and work in its notebook.") from None
            raise Problem(500, f"{path} cannot be read.", error.log_message or str(error)) from error
        text: str = found["content"]
        return text.encode()

    async def _folders(self, home: str) -> None:
        parts = home.split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            self._stays_inside(path)
            if not await ensure_async(self._contents.dir_exists(path)):
                await self._not_there(path, "a folder")
                await ensure_async(self._contents.save({"type": "directory"}, path))

    async def _module(self, path: str, content: bytes, known: frozenset[str]) -> bool:
        """Whether the file was written now: it was missing, or an older one of ours that nobody had changed."""
        made = {"type": "file", "format": "base64", "content": base64.b64encode(content).decode("ascii")}
        if await self._new(path, made):
            return True
        found = await ensure_async(self._contents.get(path, type="file", format="base64"))
        there = base64.b64decode(found["content"])
        if there == content or digest(there) not in known:
            return False
        await ensure_async(self._contents.save(made, path))
        return True

    async def _new(self, path: str, made: dict[str, Any]) -> bool:
        """Saves what is not there yet; whether it did."""
        self._stays_inside(path)
        if await ensure_async(self._contents.file_exists(path)):
            return False
        await self._not_there(path, "a file")
        await ensure_async(self._contents.save(made, path))
        return True

    async def _not_there(self, path: str, wanted: str) -> None:
        if await ensure_async(self._contents.exists(path)):
            raise Problem(
                409, f"{path} is in the way: Parallab wants to put {wanted} there. Rename it, then open the lab again."
            )

    def _stays_inside(self, path: str) -> None:
        """Follows symbolic links, which the contents manager itself does not look at."""
        root, place = getattr(self._contents, "root_dir", ""), getattr(self._contents, "_get_os_path", None)
        if not root or place is None:
            return
        real = Path(place(path)).resolve()
        if not real.is_relative_to(Path(root).resolve()):
            raise Problem(
                409,
                f"{path} is a link that leads out of the folder that Jupyter serves. "
                "Rename it, then open the lab again.",
                f"It leads to {real}.",
            )


def _notebook(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "notebook", "format": "json", "content": dict(content)}


def _unwritten(home: str, seen: str) -> Problem:
    full = any(sign in seen.lower() for sign in ("no space left", "disk quota"))
    advice = "Free some space" if full else "See that the folder may be written to"
    return Problem(
        507 if full else 500,
        f"The lab's files could not be put into {home}. {advice}, then open the lab again; "
        "nothing of yours was changed.",
        seen,
    )
