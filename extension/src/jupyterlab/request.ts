/** The client's fetch and WebSocket over ServerConnection, which knows the base URL, the token and the cookies. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { Connect, Fetch } from '../core';

export function fetchThrough(settings: ServerConnection.ISettings): Fetch {
  return (path, { method, body, signal }) =>
    ServerConnection.makeRequest(
      URLExt.join(settings.baseUrl, 'parallab', path),
      { method, body, signal },
      settings
    );
}

export function connectThrough(settings: ServerConnection.ISettings): Connect {
  return (path, ear) => {
    const url = URLExt.join(settings.wsUrl, 'parallab', path);
    const token = settings.appendToken
      ? `?token=${encodeURIComponent(settings.token)}`
      : '';
    const socket = new settings.WebSocket(url + token);
    socket.onopen = () => ear.opened();
    socket.onmessage = event => ear.heard(event.data);
    socket.onclose = () => ear.closed();
    return socket;
  };
}
