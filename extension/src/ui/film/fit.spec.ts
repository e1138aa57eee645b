import { fitted, fittedName, NAME, TEXT, widthOf } from './fit';

test('what fits stays whole', () => {
  expect(fitted('is running', 100, TEXT)).toBe('is running');
});

test('a sentence loses its end, and a name its middle', () => {
  const room = 12 * TEXT.average;
  const sentence = fitted('waits for lock_b, lock_c', room, TEXT);
  expect(sentence).toBe('waits for l…');
  expect(widthOf(sentence, TEXT)).toBeLessThanOrEqual(room);
  expect(fittedName('ForkServerPoolWorker-5', 12 * NAME.average, NAME)).toBe(
    'ForkSer…er-5'
  );
});

test('in no room at all something is left to be read', () => {
  expect(fitted('is running', 0, TEXT)).toBe('i…');
});
