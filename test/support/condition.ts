/** A condition variable for one who waits: until it is notified, or for so long. */
export class Condition {
  #wake: (() => void) | undefined;

  notify(): void {
    this.#wake?.();
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
