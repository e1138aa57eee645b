/**
 * The class page's host of the pictures: no JupyterLab is there, so the page itself says in its HTML what to show,
 * and the class service sends the clip and the reader's language. Loaded on a replay's page only.
 */

import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { Client, type Fetch } from '../core';
import { ENGLISH, type Trans } from '../ui/kit';
import { Replay } from './replay';
import { transOf, type Catalogue } from './trans';

/** With a cookie alone the Hub lets no fetch in. */
function fetchOf(base: string, xsrf: string): Fetch {
  return (path, { method, signal }) =>
    fetch(base + path, {
      method,
      signal: signal ?? null,
      headers: { 'X-XSRFToken': xsrf, Accept: 'application/json' },
      cache: 'no-store'
    });
}

async function transFor(
  ask: Fetch,
  address: string,
  language: string
): Promise<Trans> {
  if (!address) {
    return ENGLISH;
  }
  try {
    const reply = await ask(address, { method: 'GET' });
    const text = await reply.text();
    return reply.status === 200
      ? transOf(JSON.parse(text) as Catalogue, language)
      : ENGLISH;
  } catch {
    // Without it everything can still be read.
    return ENGLISH;
  }
}

async function show(root: HTMLElement): Promise<void> {
  const told = root.dataset;
  const language = document.documentElement.lang || 'en';
  const xsrf = told.xsrf ?? '';
  const trans = await transFor(fetchOf('', xsrf), told.texts ?? '', language);
  createRoot(root).render(
    <Replay
      client={new Client(fetchOf(told.base ?? '', xsrf))}
      learner={told.learner ?? ''}
      clip={told.clip ?? ''}
      kit={{ trans, language, html: text => text }}
    />
  );
}

const root = document.getElementById('replay');
if (root !== null) {
  void show(root);
}
