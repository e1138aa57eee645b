// These packages ship ES modules only; everything else in node_modules is left as it is.
const esModules = [
  '@jupyter/.*',
  '@jupyterlab/.*',
  '@lumino/.*',
  '@microsoft/.*',
  '@rjsf/.*',
  'd3-.*',
  'exenv-es6',
  'internmap',
  'lib0',
  'lodash-es',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

// Times are told in the reader's own zone, whatever that of the machine is.
process.env.TZ = 'Asia/Kolkata';

module.exports = {
  rootDir: __dirname,
  roots: ['<rootDir>/src'],
  testEnvironment: 'jsdom',
  testMatch: ['**/*.spec.ts', '**/*.spec.tsx'],
  setupFilesAfterEnv: ['<rootDir>/jest.setup.cjs'],
  transform: {
    '\\.[cm]?[jt]sx?$': [
      'ts-jest',
      { tsconfig: '<rootDir>/tsconfig.jest.json', diagnostics: false }
    ]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules})/)`],
  moduleNameMapper: {
    '\\.css$': '<rootDir>/jest.empty.cjs',
    '\\.svg$': '<rootDir>/jest.empty.cjs'
  },
  reporters: ['default'],
  errorOnDeprecated: true,
  // Against a test that hangs; on a busy machine a good one may take seconds.
  testTimeout: 60_000,
  restoreMocks: true
};
