/** The smallest signal that serves a store: listeners, told in order, until they leave. */

export type Listener<T> = (value: T) => void;

export class Signal<T> {
  private readonly _listeners = new Set<Listener<T>>();

  /** Returns what takes the listener out again. */
  listen(listener: Listener<T>): () => void {
    this._listeners.add(listener);
    return () => {
      this._listeners.delete(listener);
    };
  }

  emit(value: T): void {
    // A copy, since a listener may leave while it is being told.
    for (const listener of [...this._listeners]) {
      listener(value);
    }
  }

  clear(): void {
    this._listeners.clear();
  }
}
