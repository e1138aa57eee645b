/** Everything a view may ask for, and how the store does it. */

import type { GoalMoment, LabStore, PictureView, RescueRequest } from '../core';

export interface Actions {
  refresh(): void;
  reconnect(): void;
  showCourse(): void;
  showLab(lab: string): void;
  openLab(lab: string): void;
  closeNews(lab: string): void;
  toggleStep(step: string): void;
  /** Opens the next step that is still to be done. */
  nextStep(): void;
  draft(step: string, field: string, values: readonly string[]): void;
  check(step: string): void;
  predict(step: string, answers: Readonly<Record<string, string>>): void;
  answer(
    step: string,
    answers: Readonly<Record<string, readonly string[]>>
  ): void;
  /** Has the lab do what the step offers to do. */
  act(step: string, act: string): void;
  hint(step: string, level: number): void;
  doubt(step: string, words: string, save: boolean): void;
  closeDoubt(step: string): void;
  solution(step: string): void;
  insertSolution(step: string): void;
  reset(step: string): void;
  /** Asks the class's instructors for help, or needs it no more. */
  help(step: string, wanted: boolean, text: string): void;
  handIn(): void;
  undo(step: string): void;
  switchKernel(): void;
  restartKernel(): void;
  /** Opens map or timeline in the main area, at a moment if one is given. */
  showPicture(view: PictureView, moment?: GoalMoment): void;
  /** Plays the lab's own solution in the main area. */
  showReplay(lab: string): void;
  rescue(request: RescueRequest): void;
  closeRescue(): void;
  clean(): void;
  hideLeft(): void;
}

/** The store never rejects: what fails is in its state. */
export function actionsOf(store: LabStore): Actions {
  return {
    refresh: () => void store.refresh(),
    reconnect: () => store.reconnect(),
    showCourse: () => store.showCourse(),
    showLab: lab => void store.showLab(lab),
    openLab: lab => void store.openLab(lab),
    closeNews: lab => store.closeNews(lab),
    toggleStep: step => store.toggleStep(step),
    nextStep: () => void store.openNext(),
    draft: (step, field, values) => store.draft(step, field, values),
    check: step => void store.check(step),
    predict: (step, answers) => void store.predict(step, answers),
    answer: (step, answers) => void store.answer(step, answers),
    act: (step, act) => void store.act(step, act),
    hint: (step, level) => void store.hint(step, level),
    doubt: (step, words, save) => void store.doubt(step, words, save),
    closeDoubt: step => store.closeDoubt(step),
    solution: step => void store.solution(step),
    insertSolution: step => store.insertSolution(step),
    reset: step => void store.reset(step),
    help: (step, wanted, text) => void store.help(step, wanted, text),
    handIn: () => void store.handIn(),
    undo: step => store.undo(step),
    switchKernel: () => void store.switchKernel(),
    restartKernel: () => void store.restartKernel(),
    showPicture: (view, moment) => store.showPicture(view, moment),
    showReplay: lab => store.showReplay(lab),
    rescue: request => void store.rescue(request),
    closeRescue: () => store.closeRescue(),
    clean: () => void store.clean(),
    hideLeft: () => store.hideLeft()
  };
}
