/**
 * The client's side of the dialogue files, said to a real server: line by line as there, waiting for as many lines as the file
 * expects. What comes is whatever the server says in the state that it is in; nothing is compared here.
 */
import { Buffer } from 'node:buffer';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readDialogue, type Dialogue, type Step } from '../support/dialogue.js';
import type { Visit } from './visit.js';

const FOLDER = new URL('../../../test/dialogue/', import.meta.url);
/** A file may expect what does not come here. */
const PATIENCE_MS = 150;

/** Those of POP3 with AUTH are left out: they would open, and empty, the maildrops that mail is sent to. */
export function readDialogues(): readonly Dialogue[] {
  return (['smtp', 'pop3'] as const).flatMap((protocol) => {
    const folder = fileURLToPath(new URL(`${protocol}/`, FOLDER));
    const all = readdirSync(folder).map((file) => readDialogue(`${folder}${file}`));
    return all.filter((dialogue) => protocol === 'smtp' || !said(dialogue).includes('AUTH'));
  });
}

export type DialogueService = 'smtp' | 'submission' | 'lmtp' | 'pop3';

export function serviceOf({ protocol, givens }: Dialogue): DialogueService {
  const has = (kind: string): boolean => givens.some((given) => given.kind === kind);
  if (protocol === 'pop3') return 'pop3';
  if (has('lmtp')) return 'lmtp';
  return has('submission') || has('logged in') ? 'submission' : 'smtp';
}

/** In POP3 whoever the file names is `reader`. */
export async function sayDialogue(dialogue: Dialogue, open: () => Visit, reader: string): Promise<void> {
  const visits = new Map<number, { readonly visit: Visit; lines: number }>();
  for (const step of dialogue.steps) {
    const known = visits.get(step.session) ?? { visit: open(), lines: 0 };
    visits.set(step.session, known);
    if (step.kind === 'expect' || step.kind === 'expect bytes') known.lines += 1;
    if (!(await take(step, known, dialogue.protocol === 'pop3' ? reader : undefined))) return;
  }
}

/** False where nothing can follow: the handshake of TLS. */
async function take(
  step: Step,
  { visit, lines }: { readonly visit: Visit; readonly lines: number },
  reader: string | undefined,
): Promise<boolean> {
  if (step.kind === 'send') {
    await visit.lines(lines, PATIENCE_MS);
    visit.say(reader === undefined ? step.bytes : renamed(step.bytes, reader));
  } else if (step.kind === 'expect close') await visit.until(() => false, PATIENCE_MS);
  else if (step.kind === 'half-close') visit.socket.end();
  else if (step.kind === 'drop') visit.socket.resetAndDestroy();
  return step.kind !== 'handshake';
}

function renamed(bytes: Buffer, reader: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/\b(alice|bob)(@[\w.]+)?\b/g, reader), 'latin1');
}

function said({ steps }: Dialogue): string {
  return steps.map((step) => (step.kind === 'send' ? step.bytes.toString('latin1') : '')).join('');
}
