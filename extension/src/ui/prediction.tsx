/** Predict, then observe: a form until it is saved, then the prediction beside what was seen. */

import * as React from 'react';
import type { PredictionView, Prompt, StepWork } from '../core';
import type { Actions } from './actions';
import { Button } from './controls';
import type { Kit } from './kit';
import { Order } from './order';
import { Text, plain } from './text';

export interface PredictionProps {
  readonly step: string;
  readonly prompts: readonly Prompt[];
  readonly saved: PredictionView | null;
  readonly work: StepWork;
  readonly actions: Pick<Actions, 'draft' | 'predict'>;
  readonly kit: Kit;
}

export function Prediction(props: PredictionProps): React.JSX.Element {
  const { trans } = props.kit;
  return (
    <section className="pl-Prediction" aria-label={trans.__('Prediction')}>
      <h4 className="pl-Heading">{trans.__('Your prediction')}</h4>
      {props.saved ? (
        <Saved {...props} saved={props.saved} />
      ) : (
        <Form {...props} />
      )}
    </section>
  );
}

/** What was typed or chosen; an order that was not touched is the one shown. */
function valueOf(prompt: Prompt, work: StepWork): string {
  const draft = work.drafts[prompt.id];
  if (isOrder(prompt)) {
    return (draft ?? prompt.choices.map(choice => choice.id)).join(',');
  }
  return (draft?.[0] ?? '').trim();
}

/** An order of given lines; without lines it is free text. */
function isOrder(prompt: Prompt): boolean {
  return prompt.form === 'order' && prompt.choices.length > 0;
}

function Form(props: PredictionProps): React.JSX.Element {
  const { step, prompts, work, actions, kit } = props;
  const { trans } = kit;
  const answers = Object.fromEntries(
    prompts.map(prompt => [prompt.id, valueOf(prompt, work)])
  );
  const missing = Object.values(answers).some(value => value === '');
  const busy = work.busy === 'predict';
  const why = React.useId();
  return (
    <>
      {prompts.map(prompt => (
        <Field key={prompt.id} prompt={prompt} {...props} />
      ))}
      <p className="pl-Muted" id={why}>
        {missing
          ? trans.__('Answer every question first. A guess is welcome.')
          : trans.__(
              'Once saved, it cannot be changed. Then run the cells and compare.'
            )}
      </p>
      <Button
        off={missing || work.busy !== null}
        describedBy={why}
        onClick={() => actions.predict(step, answers)}
      >
        {busy ? trans.__('Saving…') : trans.__('Save my prediction')}
      </Button>
    </>
  );
}

function Field(
  props: PredictionProps & { readonly prompt: Prompt }
): React.JSX.Element {
  const { step, prompt, work, actions, kit } = props;
  const id = React.useId();
  const set = (...values: string[]) => actions.draft(step, prompt.id, values);
  const value = work.drafts[prompt.id]?.[0] ?? '';
  if (prompt.form === 'choice') {
    return (
      <fieldset className="pl-Field">
        <legend>
          <Text text={prompt.text} />
        </legend>
        {prompt.choices.map(choice => (
          <label key={choice.id} className="pl-Choice">
            <input
              type="radio"
              name={id}
              checked={value === choice.id}
              onChange={() => set(choice.id)}
            />
            <span>
              <Text text={choice.text} />
            </span>
          </label>
        ))}
      </fieldset>
    );
  }
  if (isOrder(prompt)) {
    return (
      <div className="pl-Field">
        <p>
          <Text text={prompt.text} />
        </p>
        <Order
          lines={prompt.choices}
          chosen={
            work.drafts[prompt.id] ?? prompt.choices.map(choice => choice.id)
          }
          picking={false}
          label={plain(prompt.text)}
          off={work.busy !== null}
          onChange={chosen => set(...chosen)}
          kit={kit}
        />
      </div>
    );
  }
  return (
    <div className="pl-Field">
      <label htmlFor={id}>
        <Text text={prompt.text} />
      </label>
      <input
        id={id}
        className="pl-Input"
        type={prompt.form === 'number' ? 'number' : 'text'}
        step="any"
        autoComplete="off"
        value={value}
        onChange={event => set(event.target.value)}
      />
    </div>
  );
}

function Saved(
  props: PredictionProps & { readonly saved: PredictionView }
): React.JSX.Element {
  const { prompts, saved, kit } = props;
  const { trans } = kit;
  const seen = Object.keys(saved.observed).length > 0;
  return (
    <>
      <p className="pl-Muted">
        {saved.late
          ? trans.__(
              'Saved after the fact: the cells had already run. That is fine, it is only marked.'
            )
          : trans.__('Saved before the run, and locked.')}
      </p>
      {prompts.map(prompt => (
        <div key={prompt.id} className="pl-Compare" data-prompt={prompt.id}>
          <p>
            <Text text={prompt.text} />
          </p>
          <dl className="pl-Compare-pair">
            <div>
              <dt>{trans.__('You predicted')}</dt>
              <dd>
                <Text text={words(prompt, saved.answers[prompt.id])} />
              </dd>
            </div>
            <div>
              <dt>{trans.__('Observed')}</dt>
              <dd>
                <Text
                  text={
                    words(prompt, saved.observed[prompt.id]) ||
                    trans.__('nothing yet')
                  }
                />
              </dd>
            </div>
          </dl>
        </div>
      ))}
      {seen ? null : (
        <p className="pl-Muted">
          {trans.__('Run the cells and check: what was seen comes here.')}
        </p>
      )}
    </>
  );
}

/** An answer as the learner read it: texts of choices, not their ids. */
function words(prompt: Prompt, answer: string | undefined): string {
  const text = (id: string) =>
    prompt.choices.find(choice => choice.id === id)?.text;
  const ids = prompt.form === 'order' ? (answer ?? '').split(',') : [answer];
  const texts = ids.map(id => text(id ?? ''));
  // What was observed may be a sentence instead of ids.
  return texts.every(Boolean) ? texts.join(' → ') : (answer ?? '');
}
