/** The sidebar, brought into sight in JupyterLab and in Notebook 7. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PANEL_ID } from './tokens';

/** Shows it. Notebook 7.4 closes what is in sight already when that is activated by its id. */
export function showPanel(shell: JupyterFrontEnd.IShell): void {
  const seen = [...shell.widgets('left'), ...shell.widgets('right')].find(
    widget => widget.id === PANEL_ID && widget.isVisible
  );
  if (seen) {
    seen.activate();
  } else {
    shell.activateById(PANEL_ID);
  }
}
