/** Our settings' titles and descriptions in the reader's language: the catalogue has them by JupyterLab's contexts. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';

interface Told {
  readonly title?: string;
  readonly description?: string;
}

/** The schema as the settings editor is to show it. scripts/strings.mjs finds these texts in the schema itself. */
export function translatedSchema(
  schema: ISettingRegistry.ISchema,
  trans: Pick<TranslationBundle, '_p'>
): ISettingRegistry.ISchema {
  const say = trans._p.bind(trans);
  const told = <T extends Told>(context: string, one: T): T => ({
    ...one,
    ...(one.title && { title: say(context, one.title) }),
    ...(one.description && { description: say(context, one.description) })
  });
  const properties = Object.entries(schema.properties ?? {});
  return {
    ...told('schema', schema),
    properties: Object.fromEntries(
      properties.map(([name, one]) => [name, told('settings', one)])
    )
  };
}
