/** A picture on a page, with a player whose frames a test turns. */

import { act, render } from '@testing-library/react';
import * as React from 'react';
import type { Film, GoalMoment } from '../core';
import { Player } from '../core/film';
import { Picture, type Tab } from '../ui/film';
import { Handmade } from './films';
import { kit } from './views';

export function show(
  film: Film | null,
  part: {
    tab?: Tab;
    at?: number;
    moment?: GoalMoment;
    stepName?: (step: string) => string;
  } = {}
) {
  const frames = new Handmade();
  const player = new Player(frames);
  const onLoad = jest.fn();
  const onOpen = jest.fn();
  let goOn: (grown: Film) => void = () => undefined;
  function Host() {
    const [shown, setShown] = React.useState(film);
    goOn = setShown;
    const [tab, setTab] = React.useState<Tab>(part.tab ?? 'map');
    return (
      <Picture
        source={{ film: shown, loading: false, problem: null }}
        player={player}
        tab={tab}
        onTab={setTab}
        moment={part.moment ?? null}
        kit={kit}
        onLoad={onLoad}
        onOpen={onOpen}
        stepName={part.stepName}
      />
    );
  }
  const view = render(<Host />);
  const { at } = part;
  if (at !== undefined) {
    act(() => player.seek(at));
  }
  const grow = (grown: Film) => act(() => goOn(grown));
  return { ...view, player, frames, onLoad, onOpen, grow };
}
