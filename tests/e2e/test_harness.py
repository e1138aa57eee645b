"""The harness itself, on plain JupyterLab: what the stories rely on."""

from __future__ import annotations

from e2e.page import Lab


def test_a_cell_is_written_run_and_read(lab: Lab) -> None:
    lab.command("notebook:create-new", {"kernelName": "python3", "activate": True})
    notebook = lab.notebook()
    cell = lab.page.evaluate("() => jupyterapp.shell.currentWidget.content.activeCell.model.id")
    notebook.write(cell, "def f(x):\n    return (x,\n            'two')\n\nprint(f(1))")
    notebook.run(cell)
    assert notebook.output(cell).strip() == "(1, 'two')"
    below = notebook.add(cell, "import time\nprint('here')\ntime.sleep(600)")
    notebook.begin(below)
    # An interrupt that comes before the code does is heard by nobody.
    notebook.shows(below, "here")
    notebook.interrupt()
    notebook.ended(below)
    assert "KeyboardInterrupt" in notebook.output(below)
    notebook.restart()
    notebook.write(cell, "f(1)")
    notebook.run(cell)
    assert "NameError" in notebook.output(cell)
