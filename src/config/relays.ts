/** The value of --relay: the servers that mail for other domains is handed to, in order of preference. */
import { parseRelayUrl, UnfitRelayUrl, type Relay } from '../outbound/client/relay-url.js';
import { InvalidValue } from './units.js';

/** URLs with commas between them; `none` is an empty list. */
export function relays(text: string): readonly Relay[] {
  if (text.trim().toLowerCase() === 'none') return [];
  return text.split(',').map((url) => relay(url.trim()));
}

function relay(url: string): Relay {
  try {
    return parseRelayUrl(url);
  } catch (error) {
    if (error instanceof UnfitRelayUrl) throw new InvalidValue(error.message);
    throw error;
  }
}
