/** One run of a learner's on the class page: what it is, and the picture of it. */

import * as React from 'react';
import type { Client } from '../core';
import { Player, SavedFilm } from '../core/film';
import type { Kit } from '../ui/kit';
import { FRAMES, Picture, type Tab } from '../ui/film';

export interface ReplayProps {
  readonly client: Client;
  readonly learner: string;
  readonly clip: string;
  readonly kit: Kit;
}

export function Replay(props: ReplayProps): React.JSX.Element {
  const { client, learner, clip, kit } = props;
  const [source] = React.useState(
    () => new SavedFilm(() => client.clip(learner, clip))
  );
  const [player] = React.useState(() => new Player(FRAMES));
  const [state, setState] = React.useState(source.state);
  const [tab, setTab] = React.useState<Tab>('timeline');
  React.useEffect(() => {
    const ended = source.changed.listen(setState);
    void source.load();
    // Hidden, it does nothing.
    const hide = () => document.hidden && player.pause();
    document.addEventListener('visibilitychange', hide);
    return () => {
      document.removeEventListener('visibilitychange', hide);
      ended();
      player.dispose();
      source.dispose();
    };
  }, [source, player]);
  return (
    <>
      <p>
        {kit.trans.__(
          'What the processes and threads of this run did, as the learner’s own server recorded it.'
        )}
      </p>
      <div className="pl-Picture">
        <Picture
          source={state}
          player={player}
          tab={tab}
          onTab={setTab}
          moment={null}
          kit={kit}
          onLoad={() => void source.load()}
        />
      </div>
    </>
  );
}
