/** The client's fetch over ServerConnection, which knows the base URL, the token and the cookies. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { Fetch } from '../core';

export function fetchThrough(settings: ServerConnection.ISettings): Fetch {
  return (path, { method, body, signal }) =>
    ServerConnection.makeRequest(
      URLExt.join(settings.baseUrl, 'parallab', path),
      { method, body, signal },
      settings
    );
}
