/** Two lanes that run side by side, and meet. */

import { LabIcon } from '@jupyterlab/ui-components';

export const parallabIcon = new LabIcon({
  name: 'parallab:icon',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" stroke="#616161" stroke-width="2" stroke-linecap="round" style="fill: none">
    <path d="M3 12h3c3 0 3-6 6-6s3 6 6 6h3"/>
    <path d="M6 12c3 0 3 6 6 6s3-6 6-6"/>
  </g>
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <circle cx="12" cy="6" r="2.4"/><circle cx="12" cy="18" r="2.4"/>
  </g>
</svg>`
});
