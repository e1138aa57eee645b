/** The part of the front end that knows neither a browser's page nor an editor. */

export * from './cells';
export * from './client';
export * from './host';
export * from './live';
export * from './problem';
export * from './signal';
export * from './situation';
export * from './state';
export * from './store';
export * from './wire';
