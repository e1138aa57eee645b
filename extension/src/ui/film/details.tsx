/** What is known of the process, thread or thing that was picked. */

import * as React from 'react';
import type { Moment, Reel } from '../../core/film';
import { Button } from '../controls';
import type { Kit } from '../kit';
import type { Words } from './words';

/** Of what happened, the last so many lines. */
const LINES = 8;

export function Details(props: {
  readonly id: string;
  readonly reel: Reel;
  readonly now: Moment;
  readonly words: Words;
  readonly kit: Kit;
  readonly onClose: () => void;
}): React.JSX.Element | null {
  const { id, reel, now, words, kit } = props;
  const { trans } = kit;
  const title = React.useId();
  const lane = now.lanes.find(one => one.lane.id === id);
  const object = now.objects.find(one => one.object.id === id);
  if (!lane && !object) {
    return null;
  }
  const rows: [string, string][] = lane
    ? [
        [trans.__('What it is'), words.role(id)],
        [trans.__('What it does'), words.doing(lane)],
        [
          trans.__('What it holds'),
          lane.holds.map(one => words.object(one)).join(', ')
        ],
        [
          trans.__('Started by'),
          lane.lane.parent ? words.label(lane.lane.parent) : ''
        ],
        [trans.__('Its work'), lane.lane.target],
        [
          trans.__('Began'),
          lane.lane.ran === null ? '' : words.time(lane.lane.ran)
        ],
        [
          trans.__('Ended'),
          lane.lane.ended === null || lane.lane.ended > now.time
            ? ''
            : words.time(lane.lane.ended)
        ],
        [
          trans.__('Numbers'),
          lane.lane.kind === 'thread'
            ? trans.__(
                'thread %1 of process %2',
                String(lane.lane.tid),
                String(lane.lane.pid)
              )
            : trans.__('process %1', String(lane.lane.pid))
        ]
      ]
    : object
      ? [
          [trans.__('What it is'), words.kind(object.object)],
          [trans.__('Its class'), object.object.cls],
          [trans.__('Its state'), words.state(object)],
          [
            trans.__('Who holds it'),
            object.holders.map(one => words.label(one)).join(', ')
          ],
          [
            trans.__('Who waits for it'),
            object.waiters.map(one => words.label(one)).join(', ')
          ],
          [
            trans.__('Who has to do with it'),
            now.links
              .filter(link => link.object === id)
              .map(link => words.label(link.lane))
              .join(', ')
          ]
        ]
      : [];
  const about = reel.happenings
    .filter(
      one =>
        one.at <= now.time &&
        ((one.kind === 'mark' &&
          [one.mark.lane, one.mark.object, one.mark.other].includes(id)) ||
          ((one.kind === 'run' || one.kind === 'end') && one.lane.id === id) ||
          ((one.kind === 'wait' || one.kind === 'resume') &&
            [one.wait.lane, one.wait.object].includes(id)) ||
          (one.kind === 'deadlock' &&
            [...one.deadlock.lanes, ...one.deadlock.objects].includes(id)))
    )
    .slice(-LINES)
    .reverse();
  return (
    <section className="pl-Details" aria-labelledby={title}>
      <div className="pl-Details-head">
        <h3 id={title}>{lane ? words.label(id) : words.objectAlone(id)}</h3>
        <Button
          kind="quiet"
          label={trans.__('Close details')}
          onClick={props.onClose}
        >
          ✕
        </Button>
      </div>
      <dl>
        {rows
          .filter(([, text]) => text)
          .map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
      </dl>
      {about.length > 0 ? (
        <>
          <h4>{trans.__('What happened last')}</h4>
          <ol>
            {about.map((one, at) => (
              <li key={at}>
                <span className="pl-Muted">{words.time(one.at)}</span>{' '}
                {words.happening(one)}
              </li>
            ))}
          </ol>
        </>
      ) : null}
    </section>
  );
}
