/** Films: what is true at a moment of one, and a player that goes through its time. Loaded with the pictures only. */

export * from './player';
export * from './reel';
export * from './source';
