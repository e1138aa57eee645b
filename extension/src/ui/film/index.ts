/** The pictures: map, timeline, replay and their tables. A part of its own, loaded when one is opened. */

export { FRAMES } from './frames';
export type { Tab } from './head';
export { Picture, type PictureProps } from './view';
