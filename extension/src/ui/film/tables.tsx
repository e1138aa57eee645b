/** The twins of map and timeline: the same facts as tables, for whoever reads better than they see. */

import * as React from 'react';
import type { Moment, Reel } from '../../core/film';
import { Button } from '../controls';
import type { Kit } from '../kit';
import type { Words } from './words';

/** Lines of what happened that are shown at once. */
const PAGE = 200;

/** Who is there, what is shared, and what is true of both at this moment. */
export function MapTable(props: {
  readonly now: Moment;
  readonly words: Words;
  readonly kit: Kit;
}): React.JSX.Element {
  const { now, words, kit } = props;
  const { trans } = kit;
  const lanes = now.lanes.filter(one => one.doing !== 'unborn');
  const objects = now.objects.filter(one => one.there);
  return (
    <div className="pl-Tables">
      <table>
        <caption>
          {trans.__('Processes and threads, at %1', words.time(now.time))}
        </caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col">{trans.__('What it is')}</th>
            <th scope="col">{trans.__('Started by')}</th>
            <th scope="col">{trans.__('What it does')}</th>
            <th scope="col">{trans.__('What it holds')}</th>
          </tr>
        </thead>
        <tbody>
          {lanes.map(one => (
            <tr key={one.lane.id} data-caught={one.caught || undefined}>
              <th scope="row">{words.label(one.lane.id)}</th>
              <td>{words.role(one.lane.id)}</td>
              <td>{one.lane.parent ? words.label(one.lane.parent) : ''}</td>
              <td>
                {words.doing(one)}
                {one.caught ? ` (${trans.__('part of a deadlock')})` : ''}
              </td>
              <td>{one.holds.map(id => words.object(id)).join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {objects.length > 0 ? (
        <table>
          <caption>
            {trans.__('What they share, at %1', words.time(now.time))}
          </caption>
          <thead>
            <tr>
              <th scope="col">{trans.__('Name')}</th>
              <th scope="col">{trans.__('What it is')}</th>
              <th scope="col">{trans.__('Its state')}</th>
              <th scope="col">{trans.__('Who waits for it')}</th>
              <th scope="col">{trans.__('Who has to do with it')}</th>
            </tr>
          </thead>
          <tbody>
            {objects.map(one => (
              <tr key={one.object.id} data-caught={one.caught || undefined}>
                <th scope="row">{words.object(one.object.id)}</th>
                <td>{words.kind(one.object)}</td>
                <td>{words.state(one)}</td>
                <td>{one.waiters.map(id => words.label(id)).join(', ')}</td>
                <td>
                  {now.links
                    .filter(link => link.object === one.object.id)
                    .map(link => words.label(link.lane))
                    .join(', ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </div>
  );
}

/** Lives with their waits, then what happened, line by line. */
export function TimelineTable(props: {
  readonly reel: Reel;
  readonly time: number;
  readonly words: Words;
  readonly kit: Kit;
  readonly onSeek: (time: number) => void;
}): React.JSX.Element {
  const { reel, words, kit } = props;
  const { trans } = kit;
  const { film } = reel;
  const [pages, setPages] = React.useState(1);
  const shown = reel.happenings.slice(0, pages * PAGE);
  return (
    <div className="pl-Tables">
      <table>
        <caption>{trans.__('Lives')}</caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col">{trans.__('What it is')}</th>
            <th scope="col">{trans.__('Began its work')}</th>
            <th scope="col">{trans.__('Ended')}</th>
            <th scope="col">{trans.__('Waited in all')}</th>
          </tr>
        </thead>
        <tbody>
          {film.lanes.map(lane => (
            <tr key={lane.id}>
              <th scope="row">{words.label(lane.id)}</th>
              <td>{words.role(lane.id)}</td>
              <td>
                {lane.ran === null ? trans.__('not yet') : words.time(lane.ran)}
              </td>
              <td>
                {lane.ended === null
                  ? trans.__('not yet')
                  : words.time(lane.ended)}
              </td>
              <td>
                {words.length(
                  reel
                    .waitsOf(lane.id)
                    .reduce(
                      (sum, wait) =>
                        sum + (wait.end ?? lane.ended ?? film.end) - wait.begin,
                      0
                    )
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <table>
        <caption>{trans.__('What happened')}</caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('When')}</th>
            <th scope="col">{trans.__('What')}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one, at) => (
            <tr
              key={at}
              data-now={one.at <= props.time || undefined}
              data-caught={one.kind === 'deadlock' || undefined}
            >
              <td>
                <button
                  type="button"
                  className="pl-Link"
                  aria-label={trans.__('Go to %1', words.time(one.at))}
                  onClick={() => props.onSeek(one.at)}
                >
                  {words.time(one.at)}
                </button>
              </td>
              <td>{words.happening(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < reel.happenings.length ? (
        <Button onClick={() => setPages(pages + 1)}>
          {trans.__(
            'Show more (%1 of %2)',
            String(shown.length),
            String(reel.happenings.length)
          )}
        </Button>
      ) : null}
    </div>
  );
}
