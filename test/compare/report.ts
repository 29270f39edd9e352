/** What was found, grouped by kind and answers, with an example of each: first what nobody has given a reason for. */
import { differences, type Difference } from '../../scripts/docs/differences.js';
import type { Compared, Found } from './compare.js';

export interface Group {
  readonly kind: string;
  readonly ours: string;
  readonly theirs: string;
  readonly found: readonly Found[];
  /** Undefined for one without a reason. */
  readonly known: Difference | undefined;
}

const SHOWN_OCTETS = 160;

export function groupsOf(differing: readonly Found[], known: readonly Difference[] = differences): readonly Group[] {
  const byKey = new Map<string, Found[]>();
  for (const found of differing) {
    const { one, played } = found;
    const key = [one.kind.name, played.difference?.ours, played.difference?.theirs].join('\0');
    byKey.set(key, [...(byKey.get(key) ?? []), found]);
  }
  return [...byKey].map(([key, found]) => {
    const [kind = '', ours = '', theirs = ''] = key.split('\0');
    return { kind, ours, theirs, found, known: known.find((one) => covers(one, { kind, ours, theirs })) };
  });
}

function covers(
  { kinds, ours, theirs }: Difference,
  found: Readonly<Record<'kind' | 'ours' | 'theirs', string>>,
): boolean {
  return ours.includes(found.ours) && theirs.includes(found.theirs) && kinds.some((one) => isLike(found.kind, one));
}

/** Whether a kind has this name; each `*` in it stands for any text. */
export function isLike(kind: string, name: string): boolean {
  const parts = name.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(kind);
}

export function reportOf({ played, differing, failed }: Compared, groups: readonly Group[]): string {
  const [known, unknown] = [
    groups.filter((one) => one.known !== undefined),
    groups.filter((one) => one.known === undefined),
  ];
  const count = (some: readonly Group[]): number => some.reduce((sum, { found }) => sum + found.length, 0);
  return [
    ...known.map((group) => `as documented: ${headOf(group)}`),
    ...unknown.map((group) => `\nDIFFERENT: ${headOf(group)}\n${exampleOf(group)}`),
    ...failed.map((text) => `\nNOT PLAYED: ${text}`),
    `\n${played} cases, ${played - differing.length - failed.length} alike; ${count(known)} differ as docs/protocols.md says, ` +
      `${count(unknown)} otherwise, in ${unknown.length} kinds; ${failed.length} could not be played.`,
  ].join('\n');
}

function headOf({ kind, ours, theirs, found }: Group): string {
  return `${kind}: ${ours}, the other ${theirs} (${found.length}, such as --case ${found[0]?.one.number ?? ''})`;
}

function exampleOf({ found }: Group): string {
  return found[0] === undefined ? '' : dialogueOf(found[0]);
}

export function dialogueOf({ one, played }: Found): string {
  return [
    ...one.prelude.map((said) => `    ${shown(said)}`),
    ...played.exchanges.flatMap(({ said, ours, theirs }) => [
      ...(said === '' ? [] : [`    ${shown(said)}`]),
      `        ours   ${shown(ours.text)}`,
      `        theirs ${shown(theirs.text)}`,
    ]),
  ].join('\n');
}

function shown(text: string): string {
  const short = text.length > SHOWN_OCTETS ? `${text.slice(0, SHOWN_OCTETS)}… (${text.length} octets)` : text;
  return JSON.stringify(short)
    .slice(1, -1)
    .replace(/[\x7f-\xff]/g, (octet) => `\\x${octet.charCodeAt(0).toString(16)}`);
}
