/** What of a film can be found by words: who is in it, what they share, and what happened, in this order. */

import type { Happening } from '../../core/film';
import type { Words } from './words';

export interface Found {
  /** The lane or the thing that it is about. */
  readonly id: string;
  readonly at: number;
  /** What it is, to be read. */
  readonly text: string;
}

/** All that can be found, each once. */
export function findable(words: Words): readonly Found[] {
  const { film, happenings } = words.reel;
  return [
    ...film.lanes.map(({ id, ran, born }) => ({
      id,
      at: Math.max(film.begin, ran ?? born),
      text: `${words.label(id)}, ${words.role(id)}`
    })),
    ...film.objects.map(object => ({
      id: object.id,
      at: Math.max(film.begin, object.born),
      text: `${words.object(object.id)}, ${words.kind(object)}`
    })),
    ...happenings.map(one => ({
      id: subject(one),
      at: one.at,
      text: words.happening(one)
    }))
  ];
}

/** Those that have these words as they stand, in whatever case. */
export function matching(
  all: readonly Found[],
  question: string
): readonly Found[] {
  const wanted = folded(question);
  return wanted === ''
    ? []
    : all.filter(one => folded(one.text).includes(wanted));
}

function folded(text: string): string {
  return text.normalize('NFKC').toLocaleLowerCase().trim();
}

/** Whom it is about. */
function subject(one: Happening): string {
  switch (one.kind) {
    case 'mark':
      return one.mark.lane;
    case 'wait':
    case 'resume':
      return one.wait.lane;
    case 'run':
    case 'end':
      return one.lane.id;
    case 'deadlock':
      return one.deadlock.lanes[0] ?? '';
  }
}
