/** A change of the directory, as it travels to the store in JSON: a method of Directory, and what it was given. */
import type { Directory } from '../../directory.js';

/** Those of its methods that change something. */
export type ChangeName = Exclude<keyof Directory, `list${string}`>;

export interface Change<Name extends ChangeName = ChangeName> {
  readonly change: Name;
  /** In JSON, null stands for what was not given. */
  readonly given: Readonly<Parameters<Directory[Name]>>;
}
