/** What is there already is used at once: only what comes later costs a promise. Throws, or rejects, as `then` does. */
export function whenReady<T, R>(value: T | Promise<T>, then: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(then) : then(value);
}
