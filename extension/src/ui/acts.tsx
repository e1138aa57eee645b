/** What the lab itself does when the learner presses a button: it kills a worker, or freezes kernels. */

import * as React from 'react';
import { canCheck, type ActView } from '../core';
import { Button } from './controls';
import type { StepProps } from './step';

export function ActField(
  props: StepProps & { readonly act: ActView }
): React.JSX.Element {
  const { step, act, work, situation, actions, kit } = props;
  const { trans } = kit;
  const can = canCheck(situation);
  const why = React.useId();
  const reply = work.acts[act.id] ?? null;
  return (
    <section className="pl-Act" aria-label={act.label} data-act={act.id}>
      {kit.html(act.html)}
      <Button
        off={!can || work.busy !== null}
        describedBy={can ? undefined : why}
        onClick={() => actions.act(step.id, act.id)}
      >
        {act.label}
      </Button>
      {can ? null : (
        <p className="pl-Muted" id={why}>
          {trans.__("This needs the lab's notebook and its kernel.")}
        </p>
      )}
      {work.doing === act.id ? (
        <p className="pl-Muted">{trans.__('Doing it…')}</p>
      ) : null}
      <div role="status" aria-live="polite">
        {(reply?.happened ?? []).map(text => (
          <p key={text}>{text}</p>
        ))}
      </div>
      {(reply?.frozen ?? []).map(kernel => (
        <div key={kernel.name} className="pl-Frozen" data-kernel={kernel.name}>
          <h4 className="pl-Heading">
            {trans.__('Kernel %1, frozen', kernel.name)}
          </h4>
          <ul>
            {kernel.seen.map(line => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}
