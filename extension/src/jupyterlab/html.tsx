/** The server's HTML, cleaned once more by JupyterLab's sanitizer before it reaches the page. */

import { Sanitizer } from '@jupyterlab/apputils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import * as React from 'react';

export function htmlWith(
  sanitizer: IRenderMime.ISanitizer = new Sanitizer()
): (html: string) => React.ReactNode {
  return html => <Html html={html} sanitizer={sanitizer} />;
}

function CleanHtml(props: {
  readonly html: string;
  readonly sanitizer: IRenderMime.ISanitizer;
}): React.JSX.Element {
  const clean = React.useMemo(
    () => props.sanitizer.sanitize(props.html),
    [props.html, props.sanitizer]
  );
  const box = React.useRef<HTMLDivElement>(null);
  // What scrolls sideways must be reachable by keyboard; the sanitizer takes tabindex away.
  React.useLayoutEffect(() => {
    for (const wide of box.current?.querySelectorAll('pre, table') ?? []) {
      wide.setAttribute('tabindex', '0');
    }
  }, [clean]);
  return (
    <div
      className="pl-Html"
      ref={box}
      dangerouslySetInnerHTML={{ __html: clean }}
    />
  );
}

/** Cleaning costs more than the rest of a step: done once a text. */
const Html = React.memo(CleanHtml);
