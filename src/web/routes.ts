/** Every call by HTTP. To add one: its row in a file beside this one, and its name here. */
import { livez, metrics, readyz } from './health-routes.js';
import {
  deleteMessages,
  listMessages,
  readHeaders,
  readMessage,
  readPart,
  readRaw,
  restoreMessages,
} from './mail-routes.js';
import { endSession, listSessions, logIn, logOut, whoAmI } from './session-routes.js';
import { defineRoute, type AnyRoute } from './route.js';

const named: readonly AnyRoute[] = [
  ...[livez, readyz, metrics],
  ...[logIn, whoAmI, logOut, listSessions, endSession],
  ...[listMessages, deleteMessages, restoreMessages, readMessage, readRaw, readHeaders, readPart],
];

/** For whoever looks what is there. */
const index = defineRoute({
  method: 'GET',
  path: '/',
  access: 'anyone',
  summary: 'What may be asked',
  answers: { 200: { what: 'a line a call, as text' } },
  run: () => new Response(named.map(({ method, path, summary }) => `${method} ${path}  ${summary}\n`).join('')),
});

export const routes: readonly AnyRoute[] = [index, ...named];
