/** How a driver refuses a change of the directory: in one sentence for people. */
import { StoreError } from '../errors.js';

/** @throws StoreError 'refused': the change makes no sense */
export function refuse(why: string): never {
  throw new StoreError('refused', why);
}

/** @throws StoreError 'missing': what was named is not there */
export function missing(why: string): never {
  throw new StoreError('missing', why);
}

/** What ends a restore: of what came back before, if anything did, it says how much. */
export function inPart(restored: number, error: unknown): unknown {
  if (restored === 0 || !(error instanceof StoreError)) return error;
  return new StoreError(error.kind, refusals.restoredInPart(restored, error.message), { cause: error });
}

/** The sentences, by what is the matter. */
export const refusals = {
  noAccount: (address: string) => `There is no account ${address}; 'pennypost account list' shows those there are`,
  accountNeedsName: "An account needs a name; '*' is for aliases",
  accountExists: (address: string) =>
    `There is an account ${address} already; 'pennypost account passwd' gives it another password`,
  isAlias: (address: string) => `${address} is an alias; remove the alias first`,
  credentialExists: (address: string, name: string) => `${address} has a credential '${name}' already`,
  tooManyCredentials: (address: string, count: number) => `${address} has ${count} credentials; remove one first`,
  noCredential: (address: string, name: string) =>
    `${address} has no credential '${name}'; 'pennypost account credential list' shows those it has`,
  domainExists: (name: string) => `${name} is local already`,
  noDomain: (name: string) => `${name} is not a local domain; 'pennypost domain list' shows those there are`,
  domainHasAccounts: (name: string, count: number) => `${name} has accounts (${count}); remove them first`,
  domainIsSwept: (name: string) =>
    `The mail of accounts that ${name} had is still being deleted; try again in a moment`,
  domainIsAlias: (name: string, of: string) => `${name} is an alias of ${of}; name ${of} instead`,
  domainOfItself: (name: string) => `${name} cannot be an alias of itself`,
  domainHasNames: (name: string) => `${name} has aliases of its own, such as catch-alls; remove them first`,
  domainHasAliases: (name: string) => `Other domains are aliases of ${name}; 'pennypost domain list' shows them`,
  noAlias: (address: string) => `There is no alias ${address}; 'pennypost alias list' shows those there are`,
  routeIsLocal: (domain: string) =>
    `${domain} is a local domain: its mail stays here, and takes no route; 'pennypost domain remove' makes it one elsewhere`,
  tooManyRoutes: (count: number) => `There are ${count} routes; remove one first`,
  noRoute: (scope: string, domain: string) =>
    `There is no route for the ${scope} ${domain}; 'pennypost route list' shows those there are`,
  deviceExists: (name: string) => `There is a device ${name} already; 'pennypost device set ${name}' changes it`,
  tooManyDevices: (count: number) => `${count} devices are listed, and no more can be; remove one first`,
  tooManyNetworks: (count: number, limit: number) =>
    `A device has at most ${limit} networks, and ${count} were given; name a subnet that holds several of them`,
  networkIsTaken: (network: string, name: string) =>
    `${network} is that of the device ${name} already; 'pennypost device set ${name} --network' gives that one another`,
  noDevice: (name: string) => `There is no device ${name}; 'pennypost device list' shows those there are`,
  deviceIsGone: 'the device was removed meanwhile',
  nothingLeased: 'what it settles is leased by this sender no longer',
  noRelayLogin: (user: string) =>
    `There is no login of ${user} at a relay; 'pennypost relay status' shows those there are`,
  collectorExists: (id: number) =>
    `There is a collector of that maildrop into that account already: ${id}; 'pennypost fetch set ${id}' changes it`,
  tooManyCollectors: (count: number) => `There are ${count} collectors; remove one first`,
  noCollector: (id: number) => `There is no collector ${id}; 'pennypost fetch list' shows those there are`,
  noWebSession: 'There is no such session by HTTP; those there are can be listed',
  noSuppression: (address: string) => `${address} is not suppressed; 'pennypost suppression list' shows those that are`,
  noTarget: (address: string, target: string) =>
    `${address} does not lead to ${target}; 'pennypost alias list' shows where it leads`,
  noMessage: (number: number) => `There is no message ${number}; 'pennypost mail list' shows those there are`,
  noRoomToRestore: 'The quota has no room for what is to be restored; raise it, or remove other mail first',
  isPurged: (address: string, until: string) =>
    `What ${address} removed until ${until} may be purged: restore to a later moment, or what is left by --since`,
  isPurgedMeanwhile: 'Some of what was to be restored was purged meanwhile; what is left comes back by --since',
  restoredInPart: (count: number, why: string) =>
    `Restored ${count === 1 ? '1 message' : `${count} messages`}, and not the others: ${why}`,
} as const;

/** All of them are compared at each login, so a login's time has a bound; more are refused. */
export const CREDENTIALS_LIMIT = 50;
