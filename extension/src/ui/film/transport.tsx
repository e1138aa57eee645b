/** Play, pause, step, scrub and speed: the controls of the one cursor in time. */

import * as React from 'react';
import { SPEEDS, type Player, type PlayerState } from '../../core/film';
import { Button } from '../controls';
import type { Kit, Trans } from '../kit';
import type { Words } from './words';

export function Transport(props: {
  readonly player: Player;
  readonly state: PlayerState;
  readonly words: Words;
  readonly kit: Kit;
}): React.JSX.Element {
  const { player, state, words, kit } = props;
  const { trans } = kit;
  const { begin, end } = player;
  const speed = React.useId();
  return (
    <div className="pl-Transport" role="group" aria-label={trans.__('Replay')}>
      <Button label={trans.__('One step back')} onClick={() => player.step(-1)}>
        <Sign d="M11 3 5 8l6 5zM4 3v10" />
      </Button>
      <Button
        kind="primary"
        label={state.playing ? trans.__('Pause') : trans.__('Play')}
        onClick={() => player.toggle()}
      >
        <Sign
          d={state.playing ? 'M4 3h3v10H4zM9 3h3v10H9z' : 'M4 2 13 8 4 14z'}
        />
      </Button>
      <Button label={trans.__('One step on')} onClick={() => player.step(1)}>
        <Sign d="M5 3l6 5-6 5zM12 3v10" />
      </Button>
      <input
        className="pl-Transport-time"
        type="range"
        min={begin}
        max={end}
        step="any"
        value={state.time}
        aria-label={trans.__('Moment')}
        aria-valuetext={words.time(state.time)}
        onChange={event => {
          player.pause();
          player.seek(Number(event.target.value));
        }}
        onKeyDown={event => {
          const steps: Readonly<Record<string, 1 | -1>> = {
            ArrowLeft: -1,
            ArrowRight: 1,
            ArrowDown: -1,
            ArrowUp: 1
          };
          const step = steps[event.key];
          if (step) {
            // Moment by moment: pixels mean nothing to a keyboard.
            event.preventDefault();
            player.step(step);
          }
        }}
      />
      <span className="pl-Transport-now">{words.time(state.time)}</span>
      <label htmlFor={speed} className="pl-Transport-speed">
        {trans.__('Speed')}
        <select
          id={speed}
          value={String(state.speed)}
          onChange={event => player.setSpeed(Number(event.target.value))}
        >
          {SPEEDS.map(one => (
            <option key={one} value={String(one)}>
              {speedText(one, trans)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function speedText(speed: number, trans: Trans): string {
  if (speed === 1) {
    return trans.__('as it was');
  }
  return speed < 1
    ? trans.__('%1 times slower', String(Math.round(1 / speed)))
    : trans.__('%1 times faster', String(speed));
}

function Sign(props: { readonly d: string }): React.JSX.Element {
  return (
    <svg
      className="pl-Sign"
      width="16"
      height="16"
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      <path d={props.d} />
    </svg>
  );
}
