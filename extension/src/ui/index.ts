/** The views: React with plain props, for any host. */

export { actionsOf, type Actions } from './actions';
export { ENGLISH, type Kit, type Trans, type ViewSettings } from './kit';
export { Panel, type PanelProps } from './panel';
