/** The client's fetch and WebSocket over ServerConnection, which knows the base URL, the token and the cookies. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { Connect, Fetch } from '../core';

/** `language` is the reader's, as a BCP 47 tag: JupyterLab's own, which need not be the browser's. */
export function fetchThrough(
  settings: ServerConnection.ISettings,
  language: string
): Fetch {
  return (path, { method, body, signal }) =>
    ServerConnection.makeRequest(
      URLExt.join(settings.baseUrl, 'parallab', path),
      { method, body, signal, headers: { 'Accept-Language': language } },
      settings
    );
}

export function connectThrough(
  settings: ServerConnection.ISettings,
  language: string
): Connect {
  return (path, ear) => {
    const url = URLExt.join(settings.wsUrl, 'parallab', path);
    const token = settings.appendToken
      ? `&token=${encodeURIComponent(settings.token)}`
      : '';
    // A browser lets nobody set the headers of a WebSocket.
    const asked = `?language=${encodeURIComponent(language)}${token}`;
    const socket = new settings.WebSocket(url + asked);
    socket.onopen = () => ear.opened();
    socket.onmessage = event => ear.heard(event.data);
    socket.onclose = () => ear.closed();
    return socket;
  };
}
