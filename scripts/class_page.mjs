// Makes the class page's replay of extension/lib: one script and one stylesheet, which the class service serves as they
// are. The bundler is the one that builds the JupyterLab extension.

import { readFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rspack } from '@rspack/core';

const HERE = dirname(dirname(fileURLToPath(import.meta.url)));
const TARGET = join(HERE, 'server/parallab/hub/static/replay');
const STYLES = ['base.css', 'picture.css', 'classpage.css'];

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
writeFileSync(
  join(TARGET, 'replay.css'),
  STYLES.map(name =>
    readFileSync(join(HERE, 'extension/style', name), 'utf8')
  ).join('\n')
);

const compiler = rspack({
  mode: 'production',
  context: HERE,
  entry: { replay: './extension/lib/classpage/index.js' },
  output: { path: TARGET, filename: '[name].js', module: true },
  experiments: { outputModule: true },
  target: ['web', 'es2022'],
  devtool: false,
  performance: { hints: false }
});
compiler.run((error, stats) => {
  if (error || stats.hasErrors()) {
    console.error(error ?? stats.toString({ all: false, errors: true }));
    process.exitCode = 1;
  }
  compiler.close(() => undefined);
});
