/** An open maildrop as tests look at it: all of its messages at once. */
import type { Maildrop, MessageInfo, NumberRange } from '../../src/store/maildrops.js';

export function messagesOf(maildrop: Pick<Maildrop, 'pages'>): readonly MessageInfo[] {
  return [...maildrop.pages()].flat();
}

export function messageAt(maildrop: Pick<Maildrop, 'pages'>, index: number): MessageInfo {
  return messagesOf(maildrop)[index] as MessageInfo;
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
    *pages() {
      for (let from = 0; from < messages.length; from += pageLength) yield messages.slice(from, from + pageLength);
    },
    find: (number) => messages[number - 1],
    read: () => [],
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
