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
import { addCredential, changePassword, listCredentials, removeCredential } from './own-account-routes.js';
import { assetRoute, pageRoutes } from './page-routes.js';
import { endSession, listSessions, logIn, logOut, whoAmI } from './session-routes.js';
import { defineRoute, type AnyRoute } from './route.js';

const named: readonly AnyRoute[] = [
  ...[livez, readyz, metrics],
  ...[logIn, whoAmI, logOut, listSessions, endSession],
  ...[listMessages, deleteMessages, restoreMessages, readMessage, readRaw, readHeaders, readPart],
  ...[changePassword, listCredentials, addCredential, removeCredential],
];

/** For whoever looks what is there. */
const index = defineRoute({
  method: 'GET',
  path: '/api/v1/',
  access: 'anyone',
  summary: 'What may be asked',
  answers: { 200: { what: 'a line a call, as text' } },
  run: () => new Response(named.map(({ method, path, summary }) => `${method} ${path}  ${summary}\n`).join('')),
});

export const routes: readonly AnyRoute[] = [index, ...named, ...pageRoutes, assetRoute];
