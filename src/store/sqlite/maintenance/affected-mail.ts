/** Whose mail a finding is about: account, uid, sender and subject, as far as they can be read. */
import type { AffectedMail, Finding } from '../../maintenance.js';
import type { ReadingConnection, ReadStatement } from '../database/reading-connection.js';
import { readable, type Found, type MessagePlace } from './found.js';

type People = [from: string | null, subject: string | null];
type Queued = [body: number, id: number, recipient: string];

export class AffectedMailNames {
  readonly #address: ReadStatement<[account: number], string | null>;
  readonly #people: ReadStatement<[body: number], People>;
  readonly #queued: ReadStatement<[bodies: string], Queued> | undefined;

  /** `hasQueue`: it is of a version that has one. */
  constructor(connection: ReadingConnection, hasQueue: boolean) {
    this.#address = connection
      .prepare<[number], string | null>(
        `select local || '@' || domain.name from account join domain on domain.id = account.domain where account.id = ?`,
      )
      .pluck();
    this.#people = connection.prepare<[number], People>('select from_text, subject from body where id = ?').raw();
    // Of all bodies at once: there is no index from a body to its recipients.
    this.#queued = hasQueue
      ? connection
          .prepare<[string], Queued>(
            `select outgoing.body, queued.id, recipient from queued join outgoing on outgoing.id = queued.message
             where outgoing.body in (select value from json_each(?))`,
          )
          .raw()
      : undefined;
  }

  /** `damaged`: the messages that point to bodies with findings. */
  name(found: readonly Found[], damaged: readonly MessagePlace[]): readonly Finding[] {
    const mailOf = new Map<number, AffectedMail[]>();
    const add = (body: number | undefined, mail: AffectedMail): void => {
      if (body !== undefined) mailOf.set(body, [...(mailOf.get(body) ?? []), mail]);
    };
    for (const place of damaged) add(place.body, this.#inMaildrop(place));
    for (const [body, id, recipient] of this.#inQueue(found.flatMap((each) => each.body ?? [])))
      add(body, { kind: 'queue', whose: recipient, number: id, ...this.#of(body) });
    return found.map(({ what, mendable, body, message }) => {
      const mail = message === undefined ? (mailOf.get(body ?? 0) ?? []) : [this.#inMaildrop(message)];
      return { what, mendable, mail };
    });
  }

  #inMaildrop({ account, uid, body }: MessagePlace): AffectedMail {
    const address = readable(() => this.#address.get(account));
    const whose = 'value' in address ? (address.value ?? undefined) : undefined;
    return { kind: 'maildrop', whose: whose ?? `account ${account}`, number: uid, ...this.#of(body) };
  }

  #inQueue(bodies: readonly number[]): readonly Queued[] {
    const rows = readable(() => (bodies.length === 0 ? [] : (this.#queued?.all(JSON.stringify(bodies)) ?? [])));
    return 'value' in rows ? rows.value : [];
  }

  #of(body: number | undefined): Pick<AffectedMail, 'from' | 'subject'> {
    const people = readable(() => (body === undefined ? undefined : this.#people.get(body)));
    const [from, subject] = ('value' in people ? people.value : undefined) ?? [];
    return { from: from ?? undefined, subject: subject ?? undefined };
  }
}
