/**
 * The page for people: one document, whose script (pages/) shows what its URL names. Script and style are built into files beside this one;
 * they have names that change with what is in them, so that a browser may keep them.
 */
import { Type } from '@sinclair/typebox';
import { HttpRefusal } from './answer.js';
import { defineRoute } from './route.js';
import { policyOf } from './security-headers.js';

/**
 * Mail brings styles of its own, and its images when they are asked for: a frame has the policy of its document beside its own
 * (pages/safe-html.ts). Scripts are those of the server alone.
 */
const POLICY = policyOf({ 'style-src': "'self' 'unsafe-inline'", 'img-src': "'self' data: https: http:" });
const FOREVER = { 'Cache-Control': 'public, max-age=31536000, immutable' };
/** What the page's own script tells apart (pages/place.ts). */
const PATHS = ['/', '/settings', '/message/:id'];

export const pageRoutes = PATHS.map((path) =>
  defineRoute({
    ...{ method: 'GET', path, access: 'anyone', summary: 'The page for people' },
    answers: { 200: { what: 'HTML' } },
    run: async (_, { basePath, page }) => {
      const [script, style] = await page.files();
      const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': POLICY };
      return new Response(documentOf(basePath, script?.name ?? '', style?.name ?? ''), { headers });
    },
  }),
);

export const assetRoute = defineRoute({
  ...{ method: 'GET', path: '/assets/:name', access: 'anyone', summary: 'A file of the page' },
  params: Type.Object({ name: Type.String({ maxLength: 100 }) }),
  answers: { 200: { what: 'the file' }, 404: { what: 'the page has no such file, or not any more' } },
  run: async ({ params }, { page }) => {
    const asset = (await page.files()).find(({ name }) => name === params.name);
    if (asset === undefined) throw new HttpRefusal(404, 'the page has no such file; load it anew');
    return new Response(new Uint8Array(asset.content), { headers: { 'Content-Type': asset.type, ...FOREVER } });
  },
});

/** --web-base-path is letters, digits and a few marks that mean nothing in HTML. */
function documentOf(basePath: string, script: string, style: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Pennypost</title>
    <meta name="viewport" content="width=device-width">
    <meta name="robots" content="noindex">
    <meta name="base-path" content="${basePath}">
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${basePath}/assets/${style}">
    <script type="module" src="${basePath}/assets/${script}"></script>
  </head>
  <body>
    <div id="page"><noscript>This page needs JavaScript; mail can be read by POP3 without it.</noscript></div>
  </body>
</html>
`;
}
