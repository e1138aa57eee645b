import { aKernel } from '../__tests__/fixtures';
import type { HostKernel, HostState } from './host';
import { canCheck, situationOf } from './situation';

function host(
  lab: string | null,
  kernel: Partial<HostKernel> | null
): HostState {
  return {
    notebook: {
      path: 'a.ipynb',
      lab,
      version: null,
      language: null,
      activeStep: null,
      texts: [],
      edited: []
    },
    kernel: kernel && { id: 'k1', name: 'parallab', status: 'idle', ...kernel }
  };
}

test.each([
  ['no notebook', { notebook: null, kernel: null }, null, 'no-notebook', false],
  ["anybody's notebook", host(null, {}), null, 'not-a-lab', false],
  ['the notebook of another lab', host('L08', {}), null, 'other-lab', false],
  ['no kernel', host('L04', null), null, 'no-kernel', false],
  ['a dead kernel', host('L04', { status: 'dead' }), null, 'dead', false],
  [
    'a kernel that starts',
    host('L04', { status: 'starting' }),
    null,
    'starting',
    true
  ],
  [
    'another kernelspec',
    host('L04', { name: 'python3' }),
    null,
    'foreign',
    true
  ],
  [
    'another kernelspec, recorded on request',
    host('L04', { name: 'python3' }),
    aKernel(),
    'ready',
    true
  ],
  [
    'our kernel without its probe',
    host('L04', {}),
    aKernel({ kind: 'no-probe' }),
    'no-probe',
    true
  ],
  [
    'a remote kernel',
    host('L04', {}),
    aKernel({ kind: 'remote' }),
    'remote',
    true
  ],
  [
    'a system that shows no processes',
    host('L04', {}),
    aKernel({ kind: 'elsewhere' }),
    'elsewhere',
    true
  ],
  [
    'what was said of an earlier kernel',
    host('L04', {}),
    aKernel({ kernel_id: 'k0', kind: 'dead' }),
    'ready',
    true
  ],
  [
    'a cell that runs',
    host('L04', { status: 'busy' }),
    aKernel(),
    'busy',
    true
  ],
  ['all well', host('L04', {}), aKernel(), 'ready', true]
] as const)('%s', (_, state, kernel, situation, checkable) => {
  expect(situationOf(state, 'L04', kernel)).toBe(situation);
  expect(canCheck(situation)).toBe(checkable);
});
