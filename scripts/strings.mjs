// The texts that the front end has translated, as JSON: [{id, plural, context, at: ["file:line"]}].
// They are the arguments of trans.__, _n, _p and _np, and what JupyterLab translates of a schema. A text that is no
// literal could not be found here, so it is an error.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Places of an argument: of the text, its plural, its context. */
const CALLS = { __: [0], _n: [0, 1], _p: [1, null, 0], _np: [1, 2, 0] };
/** As jupyterlab_server has them: what of a schema is translated, in which context. */
const SCHEMA = [
  [/^(properties|definitions)\/.*\/(title|description)$/, 'settings'],
  [/^(title|description)$/, 'schema'],
  [/^jupyter\.lab\.setting-icon-label$/, 'settings'],
  [/^jupyter\.lab\.menus\/.*\/label$/, 'menu'],
  [/^jupyter\.lab\.toolbars\/.*\/label$/, 'toolbar']
];

const found = new Map();
const wrong = [];

function add(id, plural, context, at) {
  const key = `${context ?? ''}\u0004${id}`;
  const one = found.get(key) ?? { id, plural: null, context, at: [] };
  one.plural ??= plural;
  one.at.push(at);
  found.set(key, one);
}

/** The text of a literal, also of one that is put together with +; undefined if it is none. */
function literal(node) {
  if (ts.isStringLiteralLike(node)) {
    return node.text;
  }
  if (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.PlusToken
  ) {
    const [left, right] = [literal(node.left), literal(node.right)];
    return left === undefined || right === undefined ? undefined : left + right;
  }
  return undefined;
}

function visit(node, file) {
  if (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    Object.hasOwn(CALLS, node.expression.name.text)
  ) {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    const at = `${file.fileName}:${line + 1}`;
    const parts = CALLS[node.expression.name.text].map(place =>
      place === null ? null : literal(node.arguments[place])
    );
    if (parts.includes(undefined)) {
      wrong.push(`${at}: the text to translate must be a literal`);
    } else {
      const [id, plural = null, context = null] = parts;
      add(id, plural, context, at);
    }
  }
  ts.forEachChild(node, child => visit(child, file));
}

function schema(value, path, at) {
  for (const [key, inner] of Object.entries(value)) {
    const place = path ? `${path}/${key}` : key;
    if (typeof inner === 'string') {
      const rule = SCHEMA.find(([pattern]) => pattern.test(place));
      if (rule && inner) {
        add(inner, null, rule[1], at);
      }
    } else if (typeof inner === 'object' && inner !== null) {
      schema(inner, place, at);
    }
  }
}

const files = folder =>
  readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(one => {
      const path = join(folder, one.name);
      return one.isDirectory() ? files(path) : [path];
    });

for (const path of files('extension/src')) {
  if (/(?<!\.spec)\.tsx?$/.test(path) && !path.includes('__tests__')) {
    const text = readFileSync(path, 'utf-8');
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    visit(file, file);
  }
}
for (const path of files('extension/schema')) {
  if (path.endsWith('.json')) {
    schema(JSON.parse(readFileSync(path, 'utf-8')), '', path);
  }
}
if (wrong.length) {
  console.error(wrong.join('\n'));
  process.exit(1);
}
console.log(JSON.stringify([...found.values()]));
