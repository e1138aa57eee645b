"""JupyterLab's page as a learner uses it: the notebook in front and the sidebar, waited for by their states."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Error, Locator, Page, Response, expect

from e2e.jupyter import Jupyter

#: Of real runs, as they were recorded.
FILMS = Path(__file__).parents[2] / "extension" / "src" / "__tests__" / "films"
#: JupyterLab's own, and what they are called in the names of pictures.
THEMES = {"JupyterLab Light": "light", "JupyterLab Dark": "dark"}

#: Milliseconds for whatever must come, on a machine that is ten times slower, too.
PATIENCE = 120_000

_numbers = itertools.count(1)


class Watch:
    """Collects the errors of a page's console that are ours: from our bundle, or from requests to our REST."""

    def __init__(self, page: Page, url: str) -> None:
        self.errors: list[str] = []
        self._ours = re.compile(re.escape(url) + r"(lab/extensions/parallab/|parallab/)")
        self._expected: tuple[str, ...] = ()
        page.on("console", self._said)
        page.on("pageerror", self._thrown)

    def expect(self, *parts: str) -> None:
        """Errors that contain one of these texts belong to the story from now on."""
        self._expected += parts

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"{message.text}  at {message.location.get('url', '')}")

    def _thrown(self, error: Error) -> None:
        self._note(f"{error.message}\n{error.stack}")

    def _note(self, text: str) -> None:
        ours = self._ours.search(text) or "parallab:" in text.lower() or "pl-" in text
        if ours and not any(part in text for part in self._expected):
            self.errors.append(text)


class Lab:
    """The page. A new workspace for each, so that nothing of an earlier one is restored."""

    def __init__(self, page: Page, server: Jupyter) -> None:
        self.page = page
        self.server = server
        self.workspace = f"story-{next(_numbers)}"
        self.console = Watch(page, server.url)
        self.sidebar = Sidebar(page)

    def visit(self, path: str = "") -> Lab:
        """Opens JupyterLab, at a file if one is named, with nothing else restored."""
        tree = f"/tree/{path}" if path else ""
        address = f"{self.server.url}lab/workspaces/{self.workspace}{tree}?reset&token={self.server.token}"
        self.page.goto(address)
        return self.settled()

    def reload(self) -> Lab:
        """As the browser's own reload."""
        self.page.reload()
        return self.settled()

    def settled(self) -> Lab:
        """Waits until JupyterLab has started and put everything back."""
        self.page.wait_for_function("() => window.jupyterapp?.started")
        self.page.evaluate("async () => { await jupyterapp.started; await jupyterapp.restored; }")
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)
        return self

    def command(self, name: str, args: Mapping[str, Any] | None = None) -> None:
        """Begins a command of JupyterLab; what it leads to is what a story waits for."""
        self.page.evaluate(
            "([name, args]) => { void jupyterapp.commands.execute(name, args); }", [name, dict(args or {})]
        )

    def themes(self, *names: str) -> Iterator[str]:
        """Each of these in turn, beginning with the one that is there: a change takes its time."""
        now = self.page.evaluate("() => document.body.dataset.jpThemeName")
        for name in sorted(names, key=lambda one: one != now):
            if name != now:
                self.theme(name)
            yield name

    def theme(self, name: str) -> None:
        """JupyterLab Light or JupyterLab Dark."""
        self.command("apputils:change-theme", {"theme": name})
        # Its stylesheet comes after the theme's name stands in the page; until then the page is behind its splash.
        style = f"/theme-{name.removeprefix('JupyterLab ').lower().replace(' ', '-')}-extension/"
        self.page.wait_for_function(
            """style => [...document.querySelectorAll('link[rel=stylesheet]')].some(
                one => one.href.includes(style) && one.sheet !== null
            )""",
            arg=style,
        )
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def start(self, lab: str) -> Notebook:
        """Opens the sidebar from the launcher's card, and a lab from there."""
        self.launch()
        return self.open(lab)

    def open(self, lab: str) -> Notebook:
        """Opens a lab's notebook from the course's home."""
        with self.page.expect_response(re.compile(rf"/parallab/labs/{lab}/open\b")):
            self.sidebar.button(re.compile(rf"^(Start|Continue|Open again): {lab} ")).click()
        return self.notebook(lab)

    def film(self, file: Path) -> Locator:
        """Opens a film from its file; its picture in front."""
        with self.page.expect_file_chooser() as chosen:
            self.command("parallab:open-film")
        chosen.value.set_files(file)
        return self.page.get_by_role("tabpanel", name=file.name)

    def launch(self) -> Sidebar:
        """Clicks our card in the launcher; the sidebar shows the course."""
        self.page.locator(".jp-Launcher").get_by_role("button", name="Parallab", exact=True).click()
        expect(self.sidebar.root.get_by_role("heading", level=2)).to_be_visible()
        return self.sidebar

    def notebook(self, lab: str | None = None) -> Notebook:
        """The notebook in front, when its kernel is there; of this lab, if one is named."""
        if lab is not None:
            self.page.wait_for_function(
                f"lab => {{ {Notebook.PANEL} return panel?.model?.getMetadata?.('parallab')?.lab === lab; }}",
                arg=lab,
            )
        notebook = Notebook(self.page)
        notebook.ready()
        return notebook


class Notebook:
    """The notebook in front. Cells are known by their ids."""

    #: JavaScript: the panel in front, and one of its cells.
    PANEL = "const panel = jupyterapp.shell.currentWidget;"
    CELL = PANEL + "const cell = panel.content.widgets.find(one => one.model.id === id);"

    def __init__(self, page: Page) -> None:
        self.page = page

    # -- its kernel --------------------------------------------------------------------

    def ready(self) -> None:
        """Waits until the kernel is idle."""
        self.kernel_is("idle")

    def kernel_is(self, status: str) -> None:
        """Waits for the kernel's status, as JupyterLab shows it."""
        self.page.wait_for_function(
            f"""status => {{
                {self.PANEL}
                return panel?.context?.isReady && panel.sessionContext?.isReady
                    && panel.sessionContext.kernelDisplayStatus === status;
            }}""",
            arg=status,
        )

    @property
    def kernel(self) -> Mapping[str, str]:
        """Its id and name."""
        found: Mapping[str, str] = self.page.evaluate(
            f"() => {{ {self.PANEL} const {{id, name}} = panel.sessionContext.session.kernel; return {{id, name}}; }}"
        )
        return found

    def restart(self) -> None:
        """By JupyterLab's own button, and its question."""
        self._act("notebook:restart-kernel")
        self.confirm_restart()

    def confirm_restart(self) -> None:
        """Answers JupyterLab's question whether to restart, and waits until the kernel is idle again."""
        confirm = self.page.get_by_role("button", name="Confirm Kernel Restart")
        confirm.wait_for()
        # The old kernel may still be idle after the click: only once it restarts does that mean anything.
        self.page.evaluate(
            f"""() => {{
                {self.PANEL}
                window.plRestarts = false;
                const seen = (_, status) => {{ window.plRestarts ||= status === 'restarting'; }};
                panel.sessionContext.session.kernel.statusChanged.connect(seen);
            }}"""
        )
        confirm.click()
        confirm.wait_for(state="detached")
        self.page.wait_for_function("() => window.plRestarts")
        self.ready()

    def interrupt(self) -> None:
        """As its Stop button, of a kernel that is known to run a cell; waits until it is idle again."""
        self.kernel_is("busy")
        self._act("notebook:interrupt-kernel")
        self.ready()

    def save(self) -> None:
        """Writes the file."""
        self.page.evaluate(f"async () => {{ {self.PANEL} await panel.context.save(); }}")

    # -- its cells ----------------------------------------------------------------------

    def cells(self, step: str) -> list[str]:
        """A step's code cells, in order: those with its tag, and those without any below them."""
        found: list[str] = self.page.evaluate(
            f"""step => {{
                {self.PANEL}
                let at;
                return panel.content.widgets.filter(one => {{
                    at = one.model.getMetadata('parallab')?.step ?? at;
                    return one.model.type === 'code' && at === step;
                }}).map(one => one.model.id);
            }}""",
            step,
        )
        assert found, f"no code cell of step {step}"
        return found

    def setup(self) -> list[str]:
        """The code cells above the first tag: the lab's set-up."""
        found: list[str] = self.page.evaluate(
            f"""() => {{
                {self.PANEL}
                const cells = panel.content.widgets;
                const first = cells.findIndex(one => one.model.getMetadata('parallab')?.step !== undefined);
                return cells.slice(0, first).filter(one => one.model.type === 'code').map(one => one.model.id);
            }}"""
        )
        return found

    def source(self, cell: str) -> str:
        """What stands in a cell."""
        text: str = self.page.evaluate(f"id => {{ {self.CELL} return cell.model.sharedModel.getSource(); }}", cell)
        return text

    def write(self, cell: str, source: str) -> None:
        """Replaces a cell's text, by its editor."""
        self._edit(cell)
        self.page.keyboard.press("ControlOrMeta+a")
        # One paste: typing letter by letter would let the editor add brackets and indents of its own.
        self.page.keyboard.insert_text(source) if source else self.page.keyboard.press("Delete")
        self.page.wait_for_function(
            f"([id, source]) => {{ {self.CELL} return cell.model.sharedModel.getSource() === source; }}",
            arg=[cell, source],
        )

    def add(self, below: str, source: str) -> str:
        """A new cell, as a learner makes one, without a tag."""
        self._edit(below)
        fresh: str = self.page.evaluate(
            f"""async () => {{
                await jupyterapp.commands.execute('notebook:insert-cell-below');
                {self.PANEL}
                return panel.content.activeCell.model.id;
            }}"""
        )
        assert fresh != below
        self.write(fresh, source)
        return fresh

    def begin(self, cell: str) -> None:
        """Runs a cell by its keys, without waiting for the end."""
        self._edit(cell)
        self.page.evaluate(
            f"""id => {{
                {self.CELL}
                const run = {{ ended: false }};
                (window.plRuns ??= {{}})[id] = run;
                const seen = (_, change) => {{
                    if (change.name === 'executionState' && change.newValue === 'idle') {{
                        run.ended = true;
                        cell.model.stateChanged.disconnect(seen);
                    }}
                }};
                cell.model.stateChanged.connect(seen);
            }}""",
            cell,
        )
        self.page.keyboard.press("ControlOrMeta+Enter")
        self.page.wait_for_function(
            f"""id => {{
                {self.CELL}
                return window.plRuns[id].ended || cell.model.executionState === 'running';
            }}""",
            arg=cell,
        )

    def ended(self, cell: str) -> None:
        """Waits for the end of the run that was begun last."""
        self.page.wait_for_function("id => window.plRuns[id].ended", arg=cell)

    def run(self, *cells: str) -> None:
        """Runs them one after the other."""
        for cell in cells:
            self.begin(cell)
            self.ended(cell)

    def put(self, step: str, *sources: str) -> list[str]:
        """Writes these into a step's cells; cells too many are emptied, missing ones are added below."""
        cells = self.cells(step)
        for cell, source in itertools.zip_longest(list(cells), sources, fillvalue=""):
            if cell:
                self.write(cell, source)
            else:
                cells.append(self.add(cells[-1], source))
        return cells[: len(sources)]

    def do(self, step: str, *sources: str) -> list[str]:
        """Writes these into a step's cells and runs them."""
        cells = self.put(step, *sources)
        self.run(*cells)
        return cells

    def output(self, cell: str) -> str:
        """All text below a cell."""
        text: str = self.page.evaluate(
            f"""id => {{
                {self.CELL}
                return cell.model.outputs.toJSON()
                    .map(one => [one.text, one.traceback, one.data?.['text/plain']].flat().filter(Boolean).join('\\n'))
                    .join('\\n');
            }}""",
            cell,
        )
        return text

    def shows(self, cell: str, text: str) -> None:
        """Waits until a text stands below a cell."""
        self.page.wait_for_function(
            f"""([id, text]) => {{
                {self.CELL}
                return JSON.stringify(cell.model.outputs.toJSON()).includes(text);
            }}""",
            arg=[cell, text],
        )

    def _edit(self, cell: str) -> None:
        self.page.evaluate(
            f"""async id => {{
                {self.CELL}
                const at = panel.content.widgets.indexOf(cell);
                panel.content.activeCellIndex = at;
                panel.content.deselectAll();
                // Whoever wants to go elsewhere meanwhile takes this back, and what comes below waits for the cell.
                await panel.content.scrollToItem(at, 'smart').catch(() => undefined);
                await cell.ready;
            }}""",
            cell,
        )
        # Whatever else comes into the page may take the focus away once: keys must go into this cell.
        self.page.wait_for_function(
            f"""id => {{
                {self.CELL}
                panel.content.mode = 'edit';
                cell.editor?.focus();
                return cell.editor?.hasFocus();
            }}""",
            arg=cell,
        )

    def _act(self, command: str) -> None:
        self.page.evaluate("name => { void jupyterapp.commands.execute(name); }", command)


@dataclass(frozen=True)
class Goal:
    """A goal as it stands in the sidebar."""

    id: str
    verdict: str
    text: str
    rows: Mapping[str, str]


@dataclass(frozen=True)
class Verdict:
    """A step's verdict as it stands in the sidebar."""

    verdict: str
    status: str
    goals: Sequence[Goal]
    text: str
    reply: Mapping[str, Any] = field(repr=False)

    def goal(self, verdict: str) -> Goal:
        """The first goal of that verdict."""
        return next(one for one in self.goals if one.verdict == verdict)

    @property
    def mistakes(self) -> str:
        """All mistakes it names."""
        return "\n".join(one.rows.get("Mistake", "") for one in self.goals)


class Sidebar:
    """Our sidebar, by its roles and names."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.get_by_role("region", name="Parallab", exact=True)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """A button anywhere in it."""
        exact = isinstance(name, str)
        return self.root.get_by_role("button", name=name, exact=exact)

    @property
    def tree(self) -> Locator:
        """What runs now."""
        return self.root.get_by_role("treegrid", name="Processes and threads")

    def row(self, text: str) -> Locator:
        """A row of it, by its words."""
        return self.tree.get_by_role("row").filter(has_text=text)

    def step(self, step: str) -> Step:
        """A step of the lab shown, opened."""
        found = Step(self.root.locator(f"[data-step='{step}']"), step)
        found.open()
        return found

    def notice(self, title: str) -> Locator:
        """A notice by its title."""
        return self.root.locator(".pl-Notice").filter(has=self.page.get_by_text(title, exact=True))

    def progress(self) -> str:
        """The words of the bar at the top."""
        return self.root.get_by_role("progressbar").first.get_attribute("aria-label") or ""


class Step:
    """One step of the lab shown."""

    def __init__(self, root: Locator, step: str) -> None:
        self.root = root
        self.id = step
        self.page = root.page

    @property
    def header(self) -> Locator:
        return self.root.locator(".pl-Step-header")

    @property
    def status(self) -> Locator:
        return self.root.locator(".pl-Status")

    def open(self) -> None:
        """Unfolds it."""
        expect(self.header).to_be_visible()
        if self.header.get_attribute("aria-expanded") != "true":
            self.header.click()
        expect(self.header).to_have_attribute("aria-expanded", "true")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """A button of the step."""
        return self.root.get_by_role("button", name=name, exact=isinstance(name, str))

    def check(self, *, by: Callable[[], None] | None = None) -> Verdict:
        """Clicks Check my work (or does what is given instead), waits for the answer, and reads it."""
        click = by or self.button("Check my work").click
        checking = self.root.locator(".pl-Check [aria-disabled=true]")
        expect(checking).to_have_count(0)
        judged = int(self.root.get_attribute("data-judged") or 0)
        with self._reply("check") as replies:
            click()
        assert replies[0].ok, f"{replies[0].status}: {replies[0].text()}"
        # The answer is here before it stands in the page.
        expect(self.root).to_have_attribute("data-judged", str(judged + 1))
        expect(checking).to_have_count(0)
        return self.verdict(replies[0].json())

    def verdict(self, reply: Mapping[str, Any] | None = None) -> Verdict:
        """What stands there now."""
        box = self.root.locator(".pl-Verdict")
        goals = tuple(_goal(one) for one in box.locator(".pl-Goal").all())
        return Verdict(
            box.get_attribute("data-verdict") or "",
            self.status.inner_text(),
            goals,
            box.inner_text(),
            reply or {},
        )

    def choose(self, text: str) -> None:
        """A choice by its words."""
        self.root.get_by_label(text, exact=True).check()

    @contextmanager
    def _reply(self, action: str) -> Iterator[list[Response]]:
        replies: list[Response] = []
        with self.page.expect_response(re.compile(rf"/steps/{self.id}/{action}\b")) as caught:
            yield replies
        replies.append(caught.value)


def _goal(line: Locator) -> Goal:
    rows = {
        row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in line.locator(".pl-Finding-row").all()
    }
    return Goal(
        line.get_attribute("data-goal") or "",
        line.get_attribute("data-verdict") or "",
        line.locator(".pl-Goal-text").inner_text(),
        rows,
    )
