/** Whether what a configuration wants to listen on is free, or listened on by this server already. */
import { ListenError, overlapping, samePlace, type ListenerAddress } from '../../net/listener.js';
import { requireFree } from '../../net/port-probe.js';
import { placeOf } from '../control/place.js';
import type { Privileges } from './privileges.js';
import { StartError, UNAVAILABLE_STATUS } from './start-error.js';

/** `held`: where this server listens. @throws StartError */
export async function requireFreeOrHeld(
  addresses: readonly ListenerAddress[],
  held: readonly ListenerAddress[],
  privileges: Privileges,
): Promise<void> {
  const lower = privileges.raise();
  try {
    await requireFree(addresses.filter((address) => !held.some((each) => samePlace(each, address))));
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    const own = held.find((address) => overlapping(address, error.address));
    const why = own === undefined ? '' : ` (it is this server, on ${placeOf(own)}: that needs a restart)`;
    throw new StartError(error.message + why, UNAVAILABLE_STATUS);
  } finally {
    lower();
  }
}
