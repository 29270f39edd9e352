/**
 * What is in force for mail to other domains: as the running server has it, whatever this command would be configured with, or as the
 * command is configured where no server runs. What was typed with the command itself counts before both: somebody wants to know what
 * would be.
 */
import type { OutboundConfiguration } from '../cluster/control/control-messages.js';
import type { OptionName } from '../config/configuration.js';
import { kebab } from '../config/options.js';
import type { Invocation } from './command.js';
import { becomeOwnerOf } from './owner.js';

export interface OutboundInForce extends OutboundConfiguration {
  /** For people: `of the running server`. */
  readonly whose: string;
}

const NAMES: readonly (keyof OutboundConfiguration & OptionName)[] = [
  ...(['outbound', 'relay', 'relayPasswordFile', 'maxRecipientsPerHour', 'maxRecipientsPerDay'] as const),
  ...(['queueLifetime', 'delayWarning'] as const),
];

/** This process is the database's owner afterwards. */
export async function outboundInForce(invocation: Invocation): Promise<OutboundInForce> {
  const { configuration } = invocation.load();
  if (NAMES.some((name) => invocation.text(kebab(name)) !== undefined))
    return { ...configuration, whose: 'as typed with this command' };
  becomeOwnerOf(configuration.db);
  const { askSupervisors } = await import('../cluster/control/control-client.js');
  const answers = await askSupervisors(configuration.db, 'outbound');
  const running = answers.flatMap((answer) => ('result' in answer ? [answer.result] : []));
  // Of several servers on one database the one that sends is meant.
  const chosen = running.find(({ outbound }) => outbound !== 'off') ?? running[0];
  if (chosen !== undefined) return { ...chosen, whose: 'of the running server' };
  const why = answers.length === 0 ? 'no server is running' : 'the server does not say its own';
  return { ...configuration, whose: `of this command's configuration: ${why}` };
}
