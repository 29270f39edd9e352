/** What the table of options (options.ts) says of each. */

export interface Option<T> {
  /** The default, as one would type it. */
  readonly initial: string;
  readonly unit?: string;
  /** What stands for the value in help texts. */
  readonly placeholder: string;
  readonly doc: string;
  readonly alias?: string;
  parse(text: string): T;
}
