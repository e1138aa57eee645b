/** A catalogue as the class service sends it (Jed's JSON, made of parallab.po), as the views use it. */

import { fill, type Trans } from '../ui/kit';

/** Translations by text, one for each plural form; what is below "" is about the catalogue itself. */
export type Catalogue = Readonly<Record<string, unknown>>;

export function transOf(catalogue: Catalogue, language: string): Trans {
  const rules = new Intl.PluralRules(language);
  // In the order of CLDR, which for the languages that have two forms is that of gettext.
  const forms = new Set<string>(rules.resolvedOptions().pluralCategories);
  const order = ['zero', 'one', 'two', 'few', 'many', 'other'];
  const known = order.filter(name => forms.has(name));
  const told = (id: string): readonly string[] => {
    const found = catalogue[id];
    return Array.isArray(found) && found.every(one => typeof one === 'string')
      ? found
      : [];
  };
  return {
    __: (id, ...args) => fill(told(id)[0] || id, args),
    _n: (id, plural, n, ...args) => {
      const text =
        told(id)[known.indexOf(rules.select(n))] || (n === 1 ? id : plural);
      return fill(text, [String(n), ...args]);
    }
  };
}
