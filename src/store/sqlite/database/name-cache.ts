/**
 * Where forward-paths lead, remembered by a worker: the same few names are asked for all day, and each look into the
 * database costs a read transaction. Whole paths, and the names without detail that they were resolved by, which share what they
 * lead to. Only what was found is kept, never what depends on how full an account is.
 * Whoever changes the directory empties it: the store tells every process before the change is answered. What was being
 * looked up at that moment is not kept.
 */
import type { Resolution, Target } from '../../deliveries.js';
import type { Route } from '../../rules/names.js';
import type { Address } from '../../shapes.js';

/** A stranger may make up details as long as a command line: such a path is not remembered, while the name before the detail is. */
const PATH_LIMIT_CHARACTERS = 400;
/** Above either it starts over; a household has tens of each. */
const ENTRIES_LIMIT = 10_000;
const TARGETS_LIMIT = 100_000;

export class NameCache {
  readonly #paths = new Map<string, Resolution>();
  readonly #routes = new Map<string, Route>();
  #targets = 0;
  #epoch = 0;

  find({ local, domain }: Address): Resolution | undefined {
    return this.#paths.get(`${local}@${domain}`);
  }

  /** Returns what keeps the answer, whenever it comes. */
  keeping({ local, domain }: Address): (resolution: Resolution) => Resolution {
    const epoch = this.#epoch;
    return (resolution) => {
      const isFound = resolution.kind === 'local' ? isSteady(resolution.targets) : isRefusal(resolution.kind);
      if (isFound && epoch === this.#epoch && local.length + domain.length < PATH_LIMIT_CHARACTERS) {
        this.#makeRoom(0);
        this.#paths.set(`${local}@${domain}`, resolution);
      }
      return resolution;
    };
  }

  route(domain: number, name: string): Route | undefined {
    return this.#routes.get(`${domain} ${name}`);
  }

  remember(domain: number, name: string): (route: Route) => Route {
    const epoch = this.#epoch;
    return (route) => {
      const targets = 'targets' in route ? route.targets : [];
      if (isSteady(targets) && epoch === this.#epoch) {
        this.#makeRoom(targets.length);
        this.#routes.set(`${domain} ${name}`, route);
        this.#targets += targets.length;
      }
      return route;
    };
  }

  clear(): void {
    this.#epoch += 1;
    this.#empty();
  }

  #makeRoom(targets: number): void {
    const entries = this.#paths.size + this.#routes.size;
    if (entries >= ENTRIES_LIMIT || this.#targets + targets > TARGETS_LIMIT) this.#empty();
  }

  #empty(): void {
    this.#paths.clear();
    this.#routes.clear();
    this.#targets = 0;
  }
}

function isRefusal(kind: Resolution['kind']): boolean {
  return kind === 'too-many' || kind === 'disabled';
}

function isSteady(targets: readonly Target[]): boolean {
  return targets.every((target) => target.kind === 'remote' || target.rooms === undefined);
}
