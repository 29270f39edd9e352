/**
 * What people change of their own account: its password, and app passwords. For who is logged in by the account's own password: an app
 * password must not make others, nor lock its owner out.
 */
import { Type } from '@sinclair/typebox';
import { isCredentialName } from '../auth/credential-name.js';
import { requireFit } from '../auth/new-password.js';
import { generatePassword } from '../auth/password.js';
import { UnfitPassword } from '../auth/preparation.js';
import { appSecretsOf, passwordLoginOf, secretsOf } from '../auth/secrets.js';
import { SCOPES, type Scope } from '../store/shapes.js';
import { HttpRefusal, json } from './answer.js';
import { begunSession, type Login } from './login.js';
import { defineRoute } from './route.js';

const PASSWORD = Type.String({ maxLength: 1024 });
const SCOPE = Type.Union(SCOPES.map((scope) => Type.Literal(scope)));
const NAME = Type.String({ minLength: 1, maxLength: 64, description: 'such as phone' });
const CREDENTIAL = Type.Object({
  name: NAME,
  scopes: Type.Array(SCOPE),
  created: Type.String({ format: 'date-time' }),
  lastUsed: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  lastUsedFrom: Type.Union([Type.String(), Type.Null()]),
});
const SERVICE = Type.Object({
  service: Type.String({ description: 'such as Incoming mail (POP3)' }),
  host: Type.String(),
  port: Type.Integer(),
  security: Type.String({ description: 'in the words of mail programs' }),
});
const FORBIDDEN = { what: "this needs a session by the account's own password" };

export const changePassword = defineRoute({
  ...{ method: 'PUT', path: '/api/v1/password', access: 'account' },
  summary: "Change the account's password; sessions and programs that use the old one are logged out",
  body: Type.Object({ password: PASSWORD, new: PASSWORD }),
  answers: { 204: { what: 'changed' }, 401: { what: 'the password is wrong' }, 403: FORBIDDEN },
  run: async ({ login, body, headers, asker }, { store, logins, basePath }) => {
    requireOwner(login);
    requireFitting(body.new);
    await logins.confirm({ name: login.address, password: body.password }, asker);
    const { hash, scram } = await secretsOf(body.new, await passwordLoginOf(store, login.address));
    await store.directory.setPassword(login.mailbox, hash, scram);
    // The session stood on the old password.
    const passport = { name: login.address, password: body.new };
    const { cookie } = await begunSession(passport, { headers, asker }, { logins, basePath });
    return new Response(null, { status: 204, headers: { 'Set-Cookie': cookie } });
  },
});

export const listCredentials = defineRoute({
  ...{ method: 'GET', path: '/api/v1/credentials', access: 'account' },
  summary: 'The app passwords of the account, and what to type into mail programs',
  answers: {
    200: { what: 'both', schema: Type.Object({ credentials: Type.Array(CREDENTIAL), services: Type.Array(SERVICE) }) },
  },
  run: async ({ login }, { store, services }) => {
    const credentials = await store.directory.listCredentials(login.mailbox);
    const shown = credentials.map(({ name, scopes, createdAtMs, lastUsedAtMs, lastUsedFrom = null }) => ({
      ...{ name, scopes, created: new Date(createdAtMs).toISOString(), lastUsedFrom },
      lastUsed: lastUsedAtMs === undefined ? null : new Date(lastUsedAtMs).toISOString(),
    }));
    return json({ credentials: shown, services });
  },
});

export const addCredential = defineRoute({
  ...{ method: 'POST', path: '/api/v1/credentials', access: 'account' },
  summary: 'Make an app password, and show it this once',
  body: Type.Object({ name: NAME, scopes: Type.Array(SCOPE, { minItems: 1, maxItems: SCOPES.length }) }),
  answers: {
    201: { what: 'made', schema: Type.Object({ name: NAME, password: Type.String() }) },
    403: FORBIDDEN,
    409: { what: 'there is one of that name' },
  },
  run: async ({ login, body: { name, scopes } }, { store }) => {
    requireOwner(login);
    if (!isCredentialName(name))
      throw new HttpRefusal(400, `'${name}' is no name for an app password; one looks like phone`);
    const password = generatePassword();
    const secrets = await appSecretsOf(password, await passwordLoginOf(store, login.address));
    const unique = SCOPES.filter((scope) => (scopes as readonly Scope[]).includes(scope));
    await store.directory.addCredential(login.mailbox, { name, scopes: unique, ...secrets });
    return json({ name, password }, 201);
  },
});

export const removeCredential = defineRoute({
  ...{ method: 'DELETE', path: '/api/v1/credentials/:name', access: 'account' },
  summary: 'Revoke an app password; logins with it fail at once',
  params: Type.Object({ name: NAME }),
  answers: { 204: { what: 'revoked' }, 403: FORBIDDEN, 404: { what: 'there is no app password of that name' } },
  run: async ({ login, params }, { store }) => {
    requireOwner(login);
    await store.directory.removeCredential(login.mailbox, params.name);
    return new Response(null, { status: 204 });
  },
});

function requireOwner({ session }: Login): void {
  if (session === undefined || session.grant.credential !== undefined) throw new HttpRefusal(403, FORBIDDEN.what);
}

function requireFitting(password: string): void {
  try {
    requireFit(password);
  } catch (error) {
    if (!(error instanceof UnfitPassword)) throw error;
    throw new HttpRefusal(400, error.message);
  }
}
