/** A device as the status of the store shows it. */
import type { Device } from '../../devices.js';
import type { DeviceStatus } from '../../status.js';

export function deviceStatus({ name, activity }: Device): DeviceStatus {
  const { acceptedToday, refusedToday, lastMailAtMs, lastRefusedAtMs, lastRefusal } = activity;
  return {
    ...{ name, acceptedToday, refusedToday, lastMailAtMs: lastMailAtMs ?? null },
    ...{ lastRefusedAtMs: lastRefusedAtMs ?? null, lastRefusal: lastRefusal ?? null },
  };
}
