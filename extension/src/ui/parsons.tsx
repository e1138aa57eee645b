/** A Parsons problem: a program to be put together from given lines. */

import * as React from 'react';
import type { Answered, Block, StepWork } from '../core';
import type { Actions } from './actions';
import { Button } from './controls';
import type { Kit } from './kit';
import { Order } from './order';
import { Outcome } from './quiz';

export interface ParsonsProps {
  readonly step: string;
  readonly blocks: readonly Block[];
  readonly answered: readonly Answered[];
  readonly work: StepWork;
  readonly actions: Pick<Actions, 'draft' | 'answer'>;
  readonly kit: Kit;
}

export function Parsons(props: ParsonsProps): React.JSX.Element {
  const { step, blocks, answered, work, actions, kit } = props;
  const { trans } = kit;
  // Lines in order are answered under the step's own id.
  const outcome = answered.find(one => one.question === step) ?? null;
  const draft = work.drafts[step];
  const chosen = draft ?? outcome?.chosen ?? [];
  const same = draft === undefined || draft.join() === outcome?.chosen.join();
  return (
    <section className="pl-Parsons" aria-label={trans.__('Your program')}>
      <h4 className="pl-Heading">{trans.__('Your program')}</h4>
      <Order
        lines={blocks}
        chosen={chosen}
        picking
        label={trans.__('Lines of your program')}
        off={work.busy !== null}
        onChange={ids => actions.draft(step, step, ids)}
        kit={kit}
      />
      <Button
        kind="primary"
        off={chosen.length === 0 || work.busy !== null}
        onClick={() => actions.answer(step, { [step]: chosen })}
      >
        {work.busy === 'answer'
          ? trans.__('Sending…')
          : trans.__('Check my program')}
      </Button>
      {outcome && same ? <Outcome outcome={outcome} kit={kit} /> : null}
    </section>
  );
}
