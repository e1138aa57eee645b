/** What every view is handed beside its own props, so that none of them needs a host. */

import type * as React from 'react';

/** As much of a gettext bundle as the views use; JupyterLab's TranslationBundle is one. */
export interface Trans {
  __(msgid: string, ...args: string[]): string;
  _n(msgid: string, plural: string, n: number, ...args: string[]): string;
}

export interface Kit {
  readonly trans: Trans;
  /** Renders the server's HTML after cleaning it once more, as the host does it. */
  readonly html: (html: string) => React.ReactNode;
  /** The reader's, as a BCP 47 tag. */
  readonly language: string;
}

/** Whether two tags are of the same language, as `de` and `de-DE` are. */
export function sameLanguage(one: string, other: string): boolean {
  return one.split('-')[0] === other.split('-')[0];
}

/** What the reader calls a language, as “German”; the tag itself where it is none that the browser knows. */
export function languageName(tag: string, kit: Pick<Kit, 'language'>): string {
  try {
    const names = new Intl.DisplayNames([kit.language], { type: 'language' });
    return names.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** What the learner has set about the views. */
export interface ViewSettings {
  /** A failed goal keeps its hint folded until it is asked for. */
  readonly foldHints: boolean;
}

/** English, for hosts without translations. */
export const ENGLISH: Trans = {
  __: (msgid, ...args) => fill(msgid, args),
  _n: (msgid, plural, n, ...args) =>
    fill(n === 1 ? msgid : plural, [String(n), ...args])
};

/** The text with its arguments, `%1` the first. */
export function fill(text: string, args: readonly string[]): string {
  return text.replace(/%(\d)/g, (whole, at: string) => {
    return args[Number(at) - 1] ?? whole;
  });
}
