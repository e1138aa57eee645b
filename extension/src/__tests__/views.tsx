/** What the views' tests share: English, HTML as text, and actions that only remember. */

import * as React from 'react';
import { INITIAL, NO_WORK, type State, type StepWork } from '../core';
import { ENGLISH, type Actions, type Kit } from '../ui';

export const kit: Kit = {
  trans: ENGLISH,
  language: 'en',
  html: html => <div data-testid="html">{html.replace(/<[^>]*>/g, '')}</div>
};

export type Spies = { readonly [K in keyof Actions]: jest.Mock };

export function spies(): Spies {
  return {
    refresh: jest.fn(),
    reconnect: jest.fn(),
    showCourse: jest.fn(),
    showLab: jest.fn(),
    openLab: jest.fn(),
    toggleStep: jest.fn(),
    draft: jest.fn(),
    check: jest.fn(),
    predict: jest.fn(),
    answer: jest.fn(),
    act: jest.fn(),
    hint: jest.fn(),
    solution: jest.fn(),
    insertSolution: jest.fn(),
    reset: jest.fn(),
    help: jest.fn(),
    handIn: jest.fn(),
    undo: jest.fn(),
    switchKernel: jest.fn(),
    restartKernel: jest.fn(),
    nextStep: jest.fn(),
    showPicture: jest.fn(),
    showReplay: jest.fn(),
    rescue: jest.fn(),
    closeRescue: jest.fn(),
    clean: jest.fn(),
    hideLeft: jest.fn(),
    closeNews: jest.fn(),
    doubt: jest.fn(),
    closeDoubt: jest.fn()
  };
}

export const settings = { foldHints: false };

export function aWork(part: Partial<StepWork> = {}): StepWork {
  return { ...NO_WORK, ...part };
}

export function aState(part: Partial<State> = {}): State {
  return { ...INITIAL, ...part };
}
