// The layers of the front end are kept apart here: core -> ui -> its hosts (jupyterlab, classpage), and never back.
import js from '@eslint/js';
import jupyter from '@jupyter/eslint-plugin';
import prettier from 'eslint-config-prettier';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const HOST = [
  '@jupyterlab/*',
  '@jupyter/*',
  '@lumino/*',
  '@jupyter-notebook/*'
];
const HOSTS = [
  '**/jupyterlab',
  '**/jupyterlab/**',
  '**/classpage',
  '**/classpage/**'
];
const DRAWING = ['react', 'react/*', 'react-dom', 'react-dom/*', 'd3-*'];

const layer = (name, forbidden) => [
  'error',
  {
    patterns: forbidden.map(([group, why]) => ({
      group,
      message: `${name} ${why}`
    }))
  }
];

// In core, the outside world comes in as an argument: a client takes its fetch, a store its clock.
const OUTSIDE_CORE = [
  'document',
  'fetch',
  'localStorage',
  'location',
  'navigator',
  'sessionStorage',
  'window',
  'EventSource',
  'WebSocket',
  'XMLHttpRequest'
];

export default tseslint.config(
  { ignores: ['lib/**', '**/*.cjs', '**/*.d.ts'] },
  { plugins: { jupyter } },
  jupyter.configs.recommended,
  {
    files: ['**/*.{ts,tsx,mjs}'],
    extends: [js.configs.recommended, ...tseslint.configs.strict]
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    languageOptions: {
      parserOptions: {
        project: './tsconfig.check.json',
        tsconfigRootDir: import.meta.dirname
      }
    },
    plugins: { 'react-hooks': reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'no-console': ['error', { allow: ['warn', 'error'] }],
      'prefer-arrow-callback': 'error',
      // What the plugins need to stand; the views, the bulk of it, come at first sight.
      'jupyter/prefer-lazy-imports': [
        'error',
        {
          ignoreImports: [
            '../../core',
            '../host',
            '../panel',
            '../picture',
            '../status'
          ]
        }
      ]
    }
  },
  {
    files: ['src/core/**/*.{ts,tsx}'],
    ignores: ['src/core/**/__tests__/**', 'src/core/**/*.spec.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...OUTSIDE_CORE.map(name => ({
          name,
          message: 'core has no browser: take it as an argument.'
        }))
      ],
      'no-restricted-imports': layer('core', [
        [HOST, 'knows no Jupyter front end.'],
        [DRAWING, 'draws nothing.'],
        [['**/ui', '**/ui/**', ...HOSTS], 'is below ui and its hosts.']
      ])
    }
  },
  {
    files: ['src/ui/**/*.{ts,tsx}'],
    rules: {
      'no-restricted-imports': layer('ui', [
        [HOST, 'must run in any host: only src/jupyterlab imports Jupyter.'],
        [HOSTS, 'is below its hosts.']
      ])
    }
  },
  {
    files: ['src/classpage/**/*.{ts,tsx}'],
    rules: {
      // All of it is one script, which is loaded when a replay is looked at.
      'jupyter/prefer-lazy-imports': 'off',
      'no-restricted-imports': layer('classpage', [
        [HOST, 'has no Jupyter front end around it.'],
        [['**/jupyterlab', '**/jupyterlab/**'], 'is a host beside jupyterlab.']
      ])
    }
  },
  {
    files: ['**/__tests__/**', '**/*.spec.{ts,tsx}'],
    languageOptions: { globals: { ...globals.jest, ...globals.node } },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      // Nobody but us reads the texts of tests.
      'jupyter/no-untranslated-string': 'off'
    }
  },
  {
    files: ['*.mjs'],
    languageOptions: { globals: globals.node }
  },
  prettier
);
