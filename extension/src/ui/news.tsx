/** A new version of a lab, or another language: what a notebook could get, and what it got. */

import * as React from 'react';
import type { News } from '../core';
import type { Actions } from './actions';
import { Button, Notice } from './controls';
import { languageName, sameLanguage, type Kit, type Trans } from './kit';

export interface NewVersionProps {
  readonly lab: string;
  /** Of the lab, as it is installed. */
  readonly version: number;
  /** Of the notebook in front, null when it is not this lab's or does not say. */
  readonly has: number | null;
  /** What the lab is told in here. */
  readonly language: string;
  /** What the notebook in front is told in, null when it is not this lab's or does not say. */
  readonly speaks: string | null;
  readonly news: News | null;
  readonly opening: boolean;
  readonly actions: Pick<Actions, 'openLab' | 'closeNews'>;
  readonly kit: Kit;
}

export function NewVersion(props: NewVersionProps): React.JSX.Element | null {
  const { lab, version, has, language, speaks, news } = props;
  const { actions, kit } = props;
  const { trans } = kit;
  if (news !== null) {
    return (
      <div role="status">
        <Notice
          tone="info"
          title={
            news.language
              ? trans.__(
                  'Your notebook is now in %1.',
                  languageName(news.language, kit)
                )
              : trans.__(
                  'Your notebook is now of version %1 of the lab.',
                  String(news.version)
                )
          }
          actions={
            <Button onClick={() => actions.closeNews(lab)}>
              {trans.__('I have read it')}
            </Button>
          }
        >
          <ul>
            {newsWords(news, trans).map(text => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </Notice>
      </div>
    );
  }
  if (has === null || has > version) {
    return null;
  }
  if (has === version) {
    return speaks === null || sameLanguage(speaks, language) ? null : (
      <Notice
        tone="info"
        title={trans.__(
          'This notebook is in another language: %1.',
          languageName(speaks, kit)
        )}
        actions={
          <Bring {...props}>
            {trans.__('Show it in %1', languageName(language, kit))}
          </Bring>
        }
      >
        <p>
          {trans.__(
            'Its texts can be renewed in yours. What you wrote, and what you ran, stays as it is.'
          )}
        </p>
      </Notice>
    );
  }
  return (
    <Notice
      tone="info"
      title={trans.__('There is a new version of this lab.')}
      actions={
        <Bring {...props}>{trans.__('Bring it into my notebook')}</Bring>
      }
    >
      <p>
        {trans.__(
          'Your notebook is of version %1, the lab is now at version %2. What you wrote stays, and so does what you passed.',
          String(has),
          String(version)
        )}
      </p>
    </Notice>
  );
}

/** Opens the notebook once more, which brings it up to date. */
function Bring(
  props: NewVersionProps & { readonly children: string }
): React.JSX.Element {
  const { lab, opening, actions, kit, children } = props;
  return (
    <Button kind="primary" off={opening} onClick={() => actions.openLab(lab)}>
      {opening ? kit.trans.__('Opening…') : children}
    </Button>
  );
}

function newsWords(news: News, trans: Trans): readonly string[] {
  const list = (names: readonly string[]) =>
    names.map(name => trans.__('“%1”', name)).join(', ');
  if (news.language) {
    return [
      trans.__('What you wrote, and what you ran, has stayed.'),
      ...(news.kept.length > 0
        ? [
            trans.__(
              'You had changed the text of %1, so yours stays.',
              list(news.kept)
            )
          ]
        : [])
    ];
  }
  const words: [readonly string[], (names: string) => string][] = [
    [news.added, names => trans.__('New: %1.', names)],
    [
      news.removed,
      names =>
        trans.__(
          'No longer in the lab: %1. The cells are still there, and count for no step.',
          names
        )
    ],
    [
      news.renewed,
      names => trans.__('Text or code that was given is renewed in %1.', names)
    ],
    [
      news.kept,
      names =>
        trans.__(
          'You had changed what was given in %1, so yours stays. Reset the step to get the new code.',
          names
        )
    ],
    [
      news.files,
      names => trans.__('Files that you had changed stay yours: %1.', names)
    ]
  ];
  return [
    trans.__('What you wrote and what you passed has stayed.'),
    ...words
      .filter(([names]) => names.length > 0)
      .map(([names, say]) => say(list(names))),
    ...(news.old
      ? [trans.__('Your notebook as it was is kept: %1', news.old)]
      : [])
  ];
}
