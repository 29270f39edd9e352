/** `pennypost route …`: ways of their own that mail to, or from, some domains takes. */
import { resolve } from 'node:path';
import { routeAction } from '../config/routes.js';
import { normalizeRemoteDomain } from '../message/domain.js';
import { parseRelayUrl, type Relay } from '../outbound/client/relay-url.js';
import type { Route, RouteAction, RouteKey } from '../store/routes.js';
import {
  jsonFlag,
  optionFlags,
  UsageError,
  type Command,
  type Flag,
  type Invocation,
  type Operand,
} from './command.js';
import { exit } from './exit.js';
import { printList, printListAsJson, type Table } from './listing.js';
import { outboundInForce } from './outbound-configuration.js';
import { withExistingStore } from './storage.js';
import { print } from './terminal.js';
import { typed } from './typed.js';

const domainOperand: Operand = {
  name: 'DOMAIN',
  doc: "whose mail: example.org, .example.org for every name below it, or '*' for all that has no other route",
};
const targetOperand: Operand = {
  name: 'TARGET',
  doc: 'URLs as --relay takes them, lmtp:/socket, hold, or error:TEXT, which may begin with a code such as 5.1.2',
};
const senderFlag: Flag = { name: 'sender-domain', placeholder: '', doc: 'DOMAIN is that of the sender.' };
const passwordFileFlag: Flag = {
  name: 'password-file',
  placeholder: 'FILE',
  doc: 'The file whose first line is the password of the user in the URL; the server reads it, and the database keeps its name.',
};

async function add(invocation: Invocation): Promise<number> {
  const [, target = ''] = invocation.operands;
  const key = keyOf(invocation);
  const action = actionOf(target, invocation.text(passwordFileFlag.name));
  const inForce = await outboundInForce(invocation);
  await withExistingStore(invocation.load().configuration.db, ({ routes }) => routes.addRoute({ ...key, action }));
  await print(`Mail ${whose(key)} ${leads(action)} from now on. ${waiting(action)}\n`);
  if (inForce.outbound === 'off')
    await print(
      `No route counts before a server runs with --outbound relay: outbound mail is off (${inForce.whose}).\n`,
    );
  return exit.fine;
}

async function list(invocation: Invocation): Promise<number> {
  await withExistingStore(invocation.load().configuration.db, ({ routes }) => {
    const pages = (after?: Route) => (after === undefined ? routes.listRoutes() : []);
    return invocation.has(jsonFlag.name) ? printListAsJson(pages) : printList(pages, table);
  });
  return exit.fine;
}

const table: Table<Route> = {
  head: ['of', 'domain', 'goes to', 'password in'],
  row: ({ scope, domain, action }) => [
    ...[scope, domain, describeAction(action)],
    action.kind === 'relay' ? (action.passwordFile ?? '') : '',
  ],
};

async function remove(invocation: Invocation): Promise<number> {
  const key = keyOf(invocation);
  await withExistingStore(invocation.load().configuration.db, ({ routes }) => routes.removeRoute(key));
  await print(`Mail ${whose(key)} has no route of its own any more.\n`);
  return exit.fine;
}

export function describeAction(action: RouteAction): string {
  if (action.kind === 'relay') return action.urls.join(',');
  return action.kind === 'hold' ? `hold:${action.text}` : `error:${action.status} ${action.text}`;
}

function whose({ scope, domain }: RouteKey): string {
  if (domain === '*') return 'to every other domain';
  return `${scope === 'sender' ? 'from' : 'to'} ${domain.startsWith('.') ? `names below ${domain.slice(1)}` : domain}`;
}

function leads(action: RouteAction): string {
  if (action.kind === 'hold') return 'is put on hold';
  return action.kind === 'error' ? 'is refused' : `goes to ${action.urls.join(', ')}`;
}

function waiting(action: RouteAction): string {
  const again = "What waits already follows at its next attempt, or at once with 'queue retry'";
  return action.kind === 'hold' ? `${again}.` : `${again}; what is on hold stays there until 'queue release'.`;
}

/** @throws UsageError */
function keyOf(invocation: Invocation): RouteKey {
  const [text = ''] = invocation.operands;
  const scope = invocation.has(senderFlag.name) ? 'sender' : 'destination';
  if (text === '*' && scope === 'destination') return { scope, domain: text };
  const below = text.startsWith('.') ? '.' : '';
  const name = normalizeRemoteDomain(text.slice(below.length));
  if (name === undefined)
    throw new UsageError(`'${text}' is no domain; one looks like example.org, or .example.org for the names below it`);
  return { scope, domain: below + name };
}

/** @throws UsageError */
function actionOf(target: string, file: string | undefined): RouteAction {
  const action = parse(target);
  const users = action.kind === 'relay' ? action.urls.map(parseRelayUrl).filter(wantsPassword) : [];
  if (users.length > 0 && file === undefined)
    throw new UsageError('a URL with a user wants its password: --password-file names the file that has it');
  if (users.length === 0 && file !== undefined)
    throw new UsageError('--password-file is for a URL with a user, such as smtp://user@relay.example.org');
  return action.kind === 'relay' && file !== undefined ? { ...action, passwordFile: resolve(file) } : action;
}

function wantsPassword({ user, auth }: Relay): boolean {
  return user !== undefined && auth !== 'oauth';
}

function parse(target: string): RouteAction {
  return typed(target, routeAction, (why) => `a route ${why}`);
}

export const routeCommands: readonly Command[] = [
  {
    words: 'route add',
    summary: 'Give mail to a domain, or from one, a way of its own; in the place of the route that it has.',
    operands: [domainOperand, targetOperand],
    flags: [senderFlag, passwordFileFlag, ...optionFlags('db')],
    examples: [
      'route add example.net smtp://mx.example.net:25',
      'route add .example.net lmtp:/run/lmtp.sock',
      'route add shop.example smtps://shop@relay.example --sender-domain --password-file /etc/pennypost/shop',
      'route add example.com hold',
      "route add example.edu 'error:5.1.2 This school has closed'",
    ],
    run: add,
  },
  {
    words: 'route list',
    summary: 'List the routes.',
    operands: [],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['route list', 'route list --json'],
    run: list,
  },
  {
    words: 'route remove',
    summary: 'Remove a route: its mail goes by another, or by the relays.',
    operands: [domainOperand],
    flags: [senderFlag, ...optionFlags('db')],
    examples: ['route remove example.net', 'route remove shop.example --sender-domain'],
    run: remove,
  },
];
