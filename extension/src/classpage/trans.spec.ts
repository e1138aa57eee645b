import { ENGLISH } from '../ui/kit';
import { transOf } from './trans';

const GERMAN = transOf(
  {
    '': { language: 'de-DE' },
    Map: ['Karte'],
    '%1 process': ['%1 Prozess', '%1 Prozesse'],
    broken: 7
  },
  'de'
);

it('tells texts of the catalogue, with their arguments', () => {
  expect(GERMAN.__('Map')).toBe('Karte');
  expect(GERMAN._n('%1 process', '%1 processes', 1)).toBe('1 Prozess');
  expect(GERMAN._n('%1 process', '%1 processes', 3)).toBe('3 Prozesse');
});

it('stays English where the catalogue has nothing that can be used', () => {
  expect(GERMAN.__('Timeline of %1', 'L04')).toBe('Timeline of L04');
  expect(GERMAN._n('%1 lock', '%1 locks', 2)).toBe('2 locks');
  expect(GERMAN.__('broken')).toBe('broken');
  expect(transOf({}, 'de').__('Map')).toBe(ENGLISH.__('Map'));
});
