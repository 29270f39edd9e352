/** Logging in and out by HTTP, and where an account is logged in. */
import { Type } from '@sinclair/typebox';
import type { WebSession } from '../store/web-sessions.js';
import { begunSession, cookieOf } from './login.js';
import { json } from './answer.js';
import { defineRoute } from './route.js';

const LOGIN_LIMIT_CHARACTERS = 320;
const PASSWORD_LIMIT_CHARACTERS = 1024;

const WHO = Type.Object({ address: Type.String() });
const SESSION = Type.Object({
  id: Type.String(),
  /** Of this request. */
  current: Type.Boolean(),
  since: Type.String({ format: 'date-time' }),
  lastSeen: Type.String({ format: 'date-time', description: 'to the hour' }),
  until: Type.String({ format: 'date-time' }),
  client: Type.String({ description: 'its address when it was seen' }),
  agent: Type.String({ description: 'what its browser called itself' }),
});

export const logIn = defineRoute({
  method: 'POST',
  path: '/api/v1/session',
  summary: 'Log in, by the password of the account or an app password of scope web',
  access: 'anyone',
  body: Type.Object({
    login: Type.String({ minLength: 1, maxLength: LOGIN_LIMIT_CHARACTERS }),
    password: Type.String({ maxLength: PASSWORD_LIMIT_CHARACTERS }),
  }),
  answers: {
    201: { what: 'logged in: the cookie lasts for 30 days without use', schema: WHO },
    401: { what: 'the login or the password is wrong' },
    429: { what: 'too many logins failed; Retry-After says for how long' },
  },
  run: async ({ body, headers, asker }, { logins, basePath }) => {
    const passport = { name: body.login, password: body.password };
    const { login, cookie } = await begunSession(passport, { headers, asker }, { logins, basePath });
    return json({ address: login.address }, 201, { 'Set-Cookie': cookie });
  },
});

export const whoAmI = defineRoute({
  method: 'GET',
  path: '/api/v1/session',
  summary: 'Whom the request speaks for',
  access: 'account',
  answers: { 200: { what: 'the account', schema: WHO } },
  run: ({ login }) => json({ address: login.address }),
});

export const logOut = defineRoute({
  method: 'DELETE',
  path: '/api/v1/session',
  summary: 'Log out: the cookie is good for nothing any more',
  access: 'account',
  answers: { 204: { what: 'logged out' } },
  run: async ({ login, asker }, { logins, basePath }) => {
    await logins.end(login);
    const cookie = cookieOf(undefined, { path: basePath, isSecure: asker.isSecure });
    return new Response(null, { status: 204, headers: { 'Set-Cookie': cookie } });
  },
});

export const listSessions = defineRoute({
  method: 'GET',
  path: '/api/v1/sessions',
  summary: 'Where the account is logged in by a browser',
  access: 'account',
  answers: {
    200: { what: 'the one that was seen last first', schema: Type.Object({ sessions: Type.Array(SESSION) }) },
  },
  run: async ({ login }, { store }) => {
    const sessions = await store.webSessions.listWebSessions(login.mailbox);
    return json({ sessions: sessions.map((each) => shown(each, login.session?.id)) });
  },
});

export const endSession = defineRoute({
  method: 'DELETE',
  path: '/api/v1/sessions/:id',
  summary: 'End one of them',
  access: 'account',
  params: Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
  answers: { 204: { what: 'it is over' }, 404: { what: 'there is no such session of the account' } },
  run: async ({ login, params }, { store }) => {
    await store.webSessions.removeWebSession(login.mailbox, params.id);
    return new Response(null, { status: 204 });
  },
});

function shown({ id, sinceMs, seenAtMs, untilMs, client, agent }: WebSession, current: string | undefined) {
  const [since, lastSeen, until] = [sinceMs, seenAtMs, untilMs].map((ms) => new Date(ms).toISOString());
  return { id, current: id === current, since, lastSeen, until, client, agent };
}
