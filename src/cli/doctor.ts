/**
 * `pennypost doctor`: whether this machine is fit for the server, a line for each thing looked at, and for what is wrong the way to
 * mend it. Changes nothing but for a small file beside the database, which it removes. Status 1 when anything is wrong.
 */
import type { Configuration } from '../config/configuration.js';
import { optionNames } from '../config/options.js';
import { certificateMistakes } from './configuration.js';
import { jsonFlag, optionFlags, type Command, type Invocation } from './command.js';
import { relayMistakes } from './configuration-files.js';
import { diskExaminations } from './doctor-disk.js';
import { networkExaminations } from './doctor-network.js';
import { type Examination, type Judgement, fine, wrong } from './examination.js';
import { exit } from './exit.js';
import { engineOf } from './storage.js';
import { print, printJson } from './terminal.js';

/** Before 2026 this program was not there; a machine without a battery begins in 1970. */
const FIRST_YEAR = 2026;
const STATES = ['fine', 'warning', 'wrong'] as const;
const STATE_WIDTH = Math.max(...STATES.map(({ length }) => length)) + 1;

/** The network comes first: after it root becomes the owner of the database. */
const examinations: readonly Examination[] = [
  ...networkExaminations,
  { what: 'certificate', examine: certificate },
  { what: 'programs', examine: programs },
  { what: 'clock', examine: clock },
  { what: 'relay', examine: relay },
  ...diskExaminations,
];

async function doctor(invocation: Invocation): Promise<number> {
  const { configuration } = invocation.load();
  const found: (Judgement & { readonly what: string })[] = [];
  for (const examination of examinations) {
    for (const judgement of [await examination.examine(configuration)].flat()) {
      found.push({ what: examination.what, ...judgement });
      if (!invocation.has(jsonFlag.name)) await print(line(examination.what, judgement));
    }
  }
  if (invocation.has(jsonFlag.name)) await printJson(found);
  return found.some(({ state }) => state === 'wrong') ? exit.refused : exit.fine;
}

function line(what: string, { state, says, mend }: Judgement): string {
  return `${state.padEnd(STATE_WIDTH)}${what}: ${says}${mend === undefined ? '' : `; ${mend}`}\n`;
}

function certificate(configuration: Configuration): Judgement {
  const mistakes = certificateMistakes(configuration);
  if (mistakes.length === 0)
    return fine(configuration.tlsCertificate === 'none' ? 'none, and no TLS' : 'can be served');
  return wrong(mistakes.join('; '), 'renew it, or name another with --tls-certificate and --tls-key');
}

async function programs({ db }: Configuration): Promise<Judgement> {
  return fine(`Node ${process.versions.node}, ${await engineOf(db)}`);
}

/** By the owner of the database, who is to read the password. Each sentence says what mends it. */
async function relay(configuration: Configuration): Promise<readonly Judgement[]> {
  const mistakes = await relayMistakes(configuration);
  if (mistakes.length > 0) return mistakes.map((says) => ({ state: 'wrong', says }));
  return [
    fine(configuration.outbound === 'off' ? 'none, and nothing is sent to other servers' : 'its options are sound'),
  ];
}

function clock(): Judgement {
  const now = new Date();
  if (now.getUTCFullYear() >= FIRST_YEAR) return fine(now.toISOString());
  return wrong(`it says ${now.toISOString()}`, 'set it: timedatectl set-ntp true');
}

export const doctorCommands: readonly Command[] = [
  {
    words: 'doctor',
    summary: 'Look whether disk, ports, names, certificate, relay and programs are fit for the server.',
    operands: [],
    flags: [jsonFlag, ...optionFlags(...optionNames)],
    examples: ['doctor', 'doctor --db /var/lib/pennypost/mail.db'],
    run: doctor,
  },
];
