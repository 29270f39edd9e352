/** What monitors and orchestrators ask, without a login: whether the process lives, and whether the server is ready. */
import { Type } from '@sinclair/typebox';
import { durationMs } from '../config/units.js';
import { json } from './answer.js';
import { metricsText } from './metrics.js';
import { defineRoute } from './route.js';

const LONGEST_WAIT_MS = 300_000;

export const livez = defineRoute({
  method: 'GET',
  path: '/livez',
  access: 'anyone',
  summary: 'Whether the web process answers',
  answers: { 200: { what: 'it does', schema: Type.Object({ live: Type.Literal(true) }) } },
  run: () => json({ live: true }),
});

const READINESS = Type.Object({ ready: Type.Boolean(), problems: Type.Array(Type.String()) });

/** As `pennypost status` judges it, which says the same in its exit status. */
export const readyz = defineRoute({
  method: 'GET',
  path: '/readyz',
  access: 'anyone',
  summary: 'Whether every process is ready and the store answers',
  query: Type.Object({
    wait: Type.String({
      ...{ default: '0s', pattern: '^\\d{1,6}(ms|s|m)$' },
      description: 'how long to wait for it, such as 30s; at most 5m',
    }),
  }),
  answers: { 200: { what: 'it is', schema: READINESS }, 503: { what: 'it is not', schema: READINESS } },
  run: async ({ query, gone }, { health, ending }) => {
    const limitMs = Math.min(durationMs(query.wait), LONGEST_WAIT_MS);
    const problems = await health.settled(limitMs, AbortSignal.any([gone, ending]));
    const ready = problems.length === 0;
    return json({ ready, problems }, ready ? 200 : 503);
  },
});

export const metrics = defineRoute({
  method: 'GET',
  path: '/metrics',
  summary: 'What the server has counted and measured, for Prometheus',
  access: 'monitor',
  answers: {
    200: { what: 'the text format, version 0.0.4' },
    403: { what: 'for this machine and --metrics-networks alone' },
  },
  run: async (_, { measure }) =>
    new Response(await metricsText(await measure(), Date.now()), {
      headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' },
    }),
});
