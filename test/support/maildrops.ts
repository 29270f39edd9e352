/** An open maildrop as tests look at it: all of its messages at once. */
import type { Maildrop, MessageInfo, NumberRange } from '../../src/store/maildrops.js';
import { ArraySource } from '../../src/store/source.js';
import { allPieces } from './sources.js';

export async function messagesOf(maildrop: Pick<Maildrop, 'pages'>): Promise<readonly MessageInfo[]> {
  return (await allPieces(maildrop.pages())).flat();
}

export async function messageAt(maildrop: Pick<Maildrop, 'pages'>, index: number): Promise<MessageInfo> {
  return (await messagesOf(maildrop))[index] as MessageInfo;
}

/** In rising order. */
export function numbers(...each: readonly number[]): readonly NumberRange[] {
  return each.map((number) => [number, number]);
}

export function everything({ count }: Maildrop): readonly NumberRange[] {
  return count === 0 ? [] : [[1, count]];
}

/** One that holds these and can do nothing but show them. */
export function maildropOf(messages: readonly MessageInfo[], pageLength = 1000): Maildrop {
  return {
    count: messages.length,
    octets: messages.reduce((sum, { octets }) => sum + octets, 0),
    pages: () =>
      new ArraySource(
        Array.from({ length: Math.ceil(messages.length / pageLength) }, (_, page) =>
          messages.slice(page * pageLength, (page + 1) * pageLength),
        ),
      ),
    find: (number) => messages[number - 1],
    read: () => new ArraySource([]),
    remove: () => Promise.resolve(),
    release: () => Promise.resolve(),
  };
}

/** The maildrop itself, as an object of which parts may be changed. */
export function parts(maildrop: Maildrop): Maildrop {
  return {
    count: maildrop.count,
    octets: maildrop.octets,
    pages: () => maildrop.pages(),
    find: (number) => maildrop.find(number),
    read: (id) => maildrop.read(id),
    remove: (numbers) => maildrop.remove(numbers),
    release: () => maildrop.release(),
  };
}
