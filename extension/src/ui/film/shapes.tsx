/** Marks of kinds and states, told apart by outline alone; each in a 16 × 16 box around its middle. */

import * as React from 'react';
import type { FilmLane, FilmMark, FilmObject } from '../../core';
import type { Doing } from '../../core/film';

const OBJECTS: Record<FilmObject['kind'], React.JSX.Element> = {
  queue: <path d="M-7-4H7M-7 4H7M-4-4v8M0-4v8M4-4v8" />,
  lock: <path d="M-5-1H5v7H-5zM-3-1v-3a3 3 0 0 1 6 0v3" />,
  rlock: <path d="M-5-1H5v7H-5zM-3-1v-3a3 3 0 0 1 6 0v3M0 1v3" />,
  'thread-lock': <path d="M-5-1H5v7H-5zM-3-1v-3a3 3 0 0 1 6 0v3" />,
  semaphore: <path d="M-3-7H3V7H-3zM0-4v.2M0 0v.2M0 4v.2" />,
  value: <path d="M-6-6H6V6H-6zM-1.500-2.500 0.500-3.500V3.500M-2 3.500H3" />,
  array: <path d="M-7-4H7V4H-7zM-2.300-4v8M2.300-4v8" />,
  event: <path d="M-4 7V-7L5-4-4-1" />,
  condition: <path d="M-7 0 0-7 7 0 0 7zM0-3v3.500M0 3v.2" />,
  barrier: <path d="M-7-5H7M-7 5H7M-5-5V5M0-5V5M5-5V5" />,
  pipe: <path d="M-7-3H7M-7 3H7M4-6 7-3 4 0M-4 6-7 3-4 0" />,
  socket: <path d="M-7 0h5M2 0h5M-2-4v8M2-4v8" />,
  segment: <path d="M-7-6H7V6H-7zM-7-2H7M-7 2H7" />,
  managed: <path d="M-6 3a4 4 0 0 1 1-7 5 5 0 0 1 9 1 3.500 3.500 0 0 1 0 6z" />
};

const LANES: Record<FilmLane['kind'], React.JSX.Element> = {
  notebook: <path d="M-5-7H6V7H-5zM-2-7V7M1-3H4M1 0H4" />,
  process: (
    <path d="M0-3.500A3.500 3.500 0 1 0 0 3.500 3.500 3.500 0 1 0 0-3.500M0-7v3M0 4v3M-7 0h3M4 0h3M-5-5l2 2M3 3l2 2M5-5 3-3M-3 3l-2 2" />
  ),
  thread: <path d="M-6-5C2-5-2 0 0 0S-2 5 6 5" />,
  program: <path d="M-7-6H7V6H-7zM-4-2-2 0-4 2M0 2H4" />
};

/** What a lane does: a triangle runs, two bars wait, a square has ended. */
const DOING: Record<Doing, React.JSX.Element> = {
  unborn: <circle r="3" />,
  starting: <path d="M-3-4 4 0-3 4z" fill="none" />,
  running: <path d="M-3-4 4 0-3 4z" />,
  waiting: <path d="M-4-4h3v8h-3zM1-4h3v8H1z" />,
  ended: <path d="M-3.500-3.500h7v7h-7z" />
};

const ACTS: Record<FilmMark['act'], React.JSX.Element> = {
  start: <path d="M0-5V5M0 0h4" className="pl-Mark-line" />,
  join: <path d="M0-5V5M0 0h-4" className="pl-Mark-line" />,
  put: <path d="M-4-3h8L0 4z" />,
  get: <path d="M-4 3h8L0-4z" />,
  done: <path d="m-4 0 3 3 5-6" className="pl-Mark-line" />,
  full: <path d="M-3-3h6v6h-6z" />,
  empty: <path d="M-3-3h6v6h-6z" className="pl-Mark-line" />,
  take: <circle r="3.500" />,
  give: <circle r="3" className="pl-Mark-line" />,
  miss: <path d="m-3-3 6 6m0-6-6 6" className="pl-Mark-line" />,
  arrive: <path d="M3-4v8L-4 0z" />,
  pass: <path d="M-3-4v8L4 0z" />,
  broken: <path d="m-4-4 8 8m0-8-8 8" className="pl-Mark-line" />,
  call: <path d="M0-4 4 0 0 4-4 0z" />,
  create: <path d="M-4 0h8M0-4v8" className="pl-Mark-line" />,
  attach: <path d="M-3-3h6v6" className="pl-Mark-line" />,
  close: <path d="M-4 0h8" className="pl-Mark-line" />,
  unlink: <path d="m-4-4 8 8m0-8-8 8" className="pl-Mark-line" />
};

export function ObjectShape(props: {
  readonly kind: FilmObject['kind'];
}): React.JSX.Element {
  return <g className="pl-Shape">{OBJECTS[props.kind]}</g>;
}

export function LaneShape(props: {
  readonly kind: FilmLane['kind'];
}): React.JSX.Element {
  return <g className="pl-Shape">{LANES[props.kind]}</g>;
}

export function DoingShape(props: {
  readonly doing: Doing;
}): React.JSX.Element {
  return (
    <g className="pl-Doing" data-doing={props.doing}>
      {DOING[props.doing]}
    </g>
  );
}

export function ActShape(props: {
  readonly act: FilmMark['act'];
}): React.JSX.Element {
  return ACTS[props.act];
}
