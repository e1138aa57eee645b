/** What stands on the map: a process, a thread, or a thing that they share, with its state in words. */

import * as React from 'react';
import type { LaneNow, ObjectNow } from '../../core/film';
import { fitted, fittedName, NAME, ROLE, TEXT, widthOf } from './fit';
import type { Place } from './layout';
import { hasSame } from './same';
import { DoingShape, LaneShape, ObjectShape } from './shapes';
import type { Words } from './words';

interface NodeProps {
  readonly place: Place;
  readonly words: Words;
  readonly chosen: boolean;
  readonly marked: boolean;
  readonly focusable: boolean;
}

interface LaneNodeProps extends NodeProps {
  readonly now: LaneNow;
  readonly compact: boolean;
}

interface ObjectNodeProps extends NodeProps {
  readonly now: ObjectNow;
}

/** Of 64 nodes one or two change from moment to moment: only those are drawn anew. */
export const LaneNode = React.memo(LaneBox, isDrawnSo);
export const ObjectNode = React.memo(ObjectBox, isDrawnSo);

function isDrawnSo<P extends { readonly now: LaneNow | ObjectNow }>(
  { now: before, ...one }: P,
  { now, ...other }: P
): boolean {
  return hasSame(one, other) && hasSame(before, now);
}

function LaneBox(props: LaneNodeProps): React.JSX.Element {
  const { now, place, words, compact } = props;
  const { lane } = now;
  const { width, height } = place;
  const doing = words.doing(now);
  const name = words.label(lane.id);
  const role = words.role(lane.id);
  const wide = width - (compact ? 30 : 46);
  return (
    <g
      className="pl-Node pl-mod-lane"
      data-id={lane.id}
      data-kind={lane.kind}
      data-doing={now.doing}
      data-caught={now.caught || undefined}
      data-chosen={props.chosen || undefined}
      data-marked={props.marked || undefined}
      transform={`translate(${place.x - width / 2} ${place.y - height / 2})`}
    >
      <g
        className="pl-Node-button"
        role="button"
        tabIndex={props.focusable ? 0 : -1}
        aria-pressed={props.chosen}
        aria-label={`${name}, ${role}: ${doing}${
          now.holds.length > 0
            ? `; ${words.trans.__('holds %1', now.holds.map(id => words.object(id)).join(', '))}`
            : ''
        }${now.caught ? `; ${words.trans.__('part of a deadlock')}` : ''}`}
      >
        <rect
          className="pl-Node-box"
          width={width}
          height={height}
          rx={lane.kind === 'thread' ? height / 2 : 8}
        />
        <text
          className="pl-Node-name"
          x={compact ? 27 : 36}
          y={compact ? height / 2 + 4 : 23}
        >
          {fittedName(name, wide, NAME)}
        </text>
      </g>
      {/* The label says all of this, and what is cut off here. */}
      <g aria-hidden="true" className="pl-Node-more">
        {compact ? (
          <g transform={`translate(15 ${height / 2})`}>
            <DoingShape doing={now.doing} />
          </g>
        ) : (
          <>
            <g transform="translate(20 19)">
              <LaneShape kind={lane.kind} />
            </g>
            <text className="pl-Node-role" x={width - 12} y="23">
              {haveRoom(name, role, wide) ? role : ''}
            </text>
            <g transform="translate(20 43)">
              <DoingShape doing={now.doing} />
            </g>
            <text className="pl-Node-text" x="36" y="47">
              {fitted(doing, wide, TEXT)}
            </text>
          </>
        )}
      </g>
    </g>
  );
}

function ObjectBox(props: ObjectNodeProps): React.JSX.Element {
  const { now, place, words } = props;
  const { object } = now;
  const { width, height } = place;
  const name = words.object(object.id);
  const kind = words.kind(object);
  const state = words.state(now);
  const wide = width - 46;
  const full =
    object.kind === 'queue' && object.capacity !== null && now.fill !== null
      ? now.fill / object.capacity
      : null;
  return (
    <g
      className="pl-Node pl-mod-object"
      data-id={object.id}
      data-kind={object.kind}
      data-held={now.holders.length > 0 || undefined}
      data-caught={now.caught || undefined}
      data-chosen={props.chosen || undefined}
      data-marked={props.marked || undefined}
      transform={`translate(${place.x - width / 2} ${place.y - height / 2})`}
    >
      <g
        className="pl-Node-button"
        role="button"
        tabIndex={props.focusable ? 0 : -1}
        aria-pressed={props.chosen}
        aria-label={`${words.objectAlone(object.id)}, ${kind}: ${state || words.trans.__('nothing is known of its state')}${
          now.caught ? `; ${words.trans.__('part of a deadlock')}` : ''
        }`}
      >
        <path className="pl-Node-box" d={ticket(width, height)} />
        <text className="pl-Node-name" x="36" y="22">
          {fittedName(name, wide, NAME)}
        </text>
      </g>
      {/* The label says all of this, and what is cut off here. */}
      <g aria-hidden="true" className="pl-Node-more">
        {full !== null ? (
          <rect
            className="pl-Node-fill"
            x="12"
            y={height - 9}
            width={Math.max(0, (width - 24) * Math.min(1, full))}
            height="4"
          />
        ) : null}
        <g transform="translate(20 18)">
          <ObjectShape kind={object.kind} />
        </g>
        <text className="pl-Node-role" x={width - 12} y="22">
          {object.name && haveRoom(name, kind, wide) ? kind : ''}
        </text>
        <text className="pl-Node-text" x="36" y="41">
          {fitted(state, wide, TEXT)}
        </text>
      </g>
    </g>
  );
}

/** A box with its corners cut: what is shared, and no process. */
function ticket(width: number, height: number): string {
  const cut = 9;
  return `M${cut} 0H${width - cut}L${width} ${cut}V${height - cut}L${width - cut} ${height}H${cut}L0 ${height - cut}V${cut}z`;
}

/** Whether a name, and in smaller letters what it is, stand side by side with a gap between them. */
function haveRoom(name: string, role: string, wide: number): boolean {
  return widthOf(name, NAME) + 12 + widthOf(role, ROLE) < wide;
}
