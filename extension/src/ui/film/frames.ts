/** The clock by which a player goes on in a page: one step for each frame that the page draws. */

import type { Frames } from '../../core/film';

export const FRAMES: Frames = {
  now: () => performance.now(),
  next: call => {
    const frame = requestAnimationFrame(call);
    return () => cancelAnimationFrame(frame);
  }
};
