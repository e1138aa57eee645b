/** Every problem in words: what happened, and what to do about it. */

import * as React from 'react';
import type { Problem, ProblemKind } from '../core';
import { Button, Notice } from './controls';
import type { Kit, Trans } from './kit';

interface Words {
  readonly title: string;
  readonly advice: string;
}

export function problemWords(problem: Problem, trans: Trans): Words {
  const { message } = problem;
  const words: Record<ProblemKind, Words> = {
    unreachable: {
      title: trans.__('The Jupyter server does not answer.'),
      advice: trans.__(
        'What you have written is still in the notebook. Wait a moment or start the server again, then try again.'
      )
    },
    'no-extension': {
      title: trans.__("Parallab's server part is not running."),
      advice: trans.__(
        'In a terminal, "jupyter server extension list" should show parallab as enabled and OK. Install or enable it there, restart JupyterLab, then try again.'
      )
    },
    login: {
      title: trans.__('You are not logged in, or you may not do this.'),
      advice: trans.__(
        'Reload the page, log in again, and then try again. Your notebook stays as it is.'
      )
    },
    missing: {
      title: message || trans.__('This is not here.'),
      advice: trans.__('It may have been renamed or removed. Try again.')
    },
    refused: {
      title: message || trans.__('The server refused this.'),
      advice: ''
    },
    server: {
      title: message || trans.__('The server failed.'),
      advice: trans.__(
        'This is not your mistake, and nothing you did is lost. Try again; if it stays, the server log says more.'
      )
    },
    timeout: {
      title: trans.__('The server took too long.'),
      advice: trans.__('It may be very busy. Try again.')
    },
    unreadable: {
      title: trans.__("The server's answer cannot be read."),
      advice: trans.__(
        'The two parts of Parallab may be of different versions. Reload the page; if it stays, install Parallab again.'
      )
    },
    host: {
      title:
        message || trans.__("This needs the lab's notebook and its kernel."),
      advice: message
        ? ''
        : trans.__('Open the notebook of this lab, then try again.')
    }
  };
  return words[problem.kind];
}

export function ProblemNotice(props: {
  readonly problem: Problem;
  readonly kit: Kit;
  readonly onRetry?: () => void;
}): React.JSX.Element {
  const { problem, kit, onRetry } = props;
  const { title, advice } = problemWords(problem, kit.trans);
  // The server's sentence where the title is ours.
  const more = [problem.message, problem.reason].filter(
    text => text && text !== title
  );
  return (
    <Notice
      tone="error"
      alert
      title={title}
      actions={
        onRetry ? (
          <Button onClick={onRetry}>{kit.trans.__('Try again')}</Button>
        ) : null
      }
    >
      {advice ? <p>{advice}</p> : null}
      {more.length > 0 ? (
        <details>
          <summary>{kit.trans.__('Details')}</summary>
          {more.map(text => (
            <p key={text} className="pl-Detail">
              {text}
            </p>
          ))}
        </details>
      ) : null}
    </Notice>
  );
}
