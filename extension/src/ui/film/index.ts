/** The pictures: map, timeline, replay and their tables. A part of its own, loaded when one is opened. */

export { FRAMES } from './frames';
export { Picture, type PictureProps, type Tab } from './view';
