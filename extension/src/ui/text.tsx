/** Authors' short texts: plain, but for code between backticks. */

import * as React from 'react';

const CODE = /`([^`]+)`/;

export function Text(props: { readonly text: string }): React.JSX.Element {
  // Split by a pattern with a group: every second part is what stood between backticks.
  const parts = props.text.split(CODE);
  return (
    <>
      {parts.map((part, at) =>
        at % 2 === 1 ? <code key={at}>{part}</code> : part
      )}
    </>
  );
}

/** The same for names that only readers hear. */
export function plain(text: string): string {
  return text.split(CODE).join('');
}
