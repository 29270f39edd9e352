/** The page in a browser, as a person uses it, and as a stranger's mail tries to use it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { CHROMIUM, openBrowser, watch, watchedPage } from '../support/browser.js';
import { HOSTILE_HTML, HOSTILE_MESSAGES } from '../support/hostile-html.js';
import { sendData, smtpSession } from '../support/mail-clients.js';
import { isInstalled, itNeeds } from '../support/programs.js';
import { Server } from '../support/server.js';

const SHOWN_WITHIN_MS = 10_000;
/** As many as a page of the list has. */
const TAB_MESSAGES = 50;
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const NEWSLETTER = Buffer.from(
  [
    'From: "The Gazette" <news@example.org>',
    'To: alice@localhost',
    'Subject: =?utf-8?q?Sp=C3=A4te_News?=',
    'Date: Tue, 01 Dec 2026 08:00:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: multipart/related; boundary=r',
    '',
    '--r',
    'Content-Type: text/html; charset=utf-8',
    '',
    '<h1 style="color: #070">Good morning</h1><p>Read <a href="http://example.org/more">more</a>.</p>',
    '<img id="own" src="cid:logo@example.org"><img src="http://tracker.example/open.gif">',
    '--r',
    'Content-Type: image/png',
    'Content-ID: <logo@example.org>',
    'Content-Disposition: inline; filename=logo.png',
    'Content-Transfer-Encoding: base64',
    '',
    PIXEL,
    '--r--',
    '--b',
    'Content-Type: text/csv; name="figures.csv"',
    'Content-Disposition: attachment; filename="figures.csv"',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from('a;b\r\n1;2\r\n').toString('base64'),
    '--b--',
    '',
  ].join('\r\n'),
);

describe('the page', () => {
  let server: Server;
  let browser: Browser;
  let origin: string;

  before(async function () {
    if (!isInstalled(CHROMIUM)) return; // Each test says so.
    server = await Server.start({ web: true, workers: 1 });
    await Promise.all(['alice', 'bob', 'eve'].map((name) => server.addAccount(`${name}@localhost`, 'secret')));
    browser = await openBrowser();
    // The banner's link.
    origin = `${/^ {2}WEB {2}(http:\S+)\/$/m.exec(server.stdout)?.[1] ?? ''}/`;
  });

  after(async () => {
    if (!isInstalled(CHROMIUM)) return;
    await browser.close();
    await server.release();
  });

  async function logIn(name: string) {
    const watched = await watchedPage(browser, origin);
    const { page } = watched;
    page.setDefaultTimeout(SHOWN_WITHIN_MS);
    await page.goto(origin);
    await page.getByLabel('Address').fill(`${name}@localhost`);
    await page.getByLabel('Password').fill('secret');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('banner').waitFor();
    return watched;
  }

  async function send(to: string, ...messages: readonly Buffer[]): Promise<void> {
    const client = await smtpSession(server.smtpPort);
    for (const message of messages) await sendData(client, to, message);
    client.destroy();
  }

  const rows = (page: Page) => page.locator('.list li');
  const frame = (page: Page) => page.frameLocator('.view iframe');

  itNeeds(
    [CHROMIUM],
    'shows what comes by itself, a newsletter with its parts, and takes back what was deleted',
    async () => {
      const { page, asked, trouble } = await logIn('alice');
      await page.getByText('No mail yet').waitFor();
      await send('alice@localhost', NEWSLETTER);
      await rows(page).getByText('Späte News').waitFor();

      await rows(page).first().click();
      await frame(page).getByText('Good morning').waitFor();
      expect(page.url()).to.match(/\/message\/\d+$/);
      expect(await frame(page).locator('img[src^="data:image/png"]').count()).to.equal(1);
      expect(await colorOfHeading(page)).to.equal('rgb(0, 119, 0)');
      expect(asked, 'before it was asked for').to.deep.equal([]);
      await page.getByRole('button', { name: 'Load them' }).click();
      // By HTTPS: a browser trusts localhost, and mixes nothing less with it.
      await eventually('the image to be asked for', () =>
        asked.some((url) => url.endsWith('//tracker.example/open.gif')),
      );

      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: /figures\.csv/ }).click();
      const file = await saved;
      expect(file.suggestedFilename()).to.equal('figures.csv');
      expect(readFileSync(await file.path(), 'utf8')).to.equal('a;b\r\n1;2\r\n');
      await page.getByRole('tab', { name: 'Source' }).click();
      await page.getByText('boundary=r').waitFor();

      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByText('No mail yet').waitFor();
      await page.getByRole('button', { name: 'Undo' }).click();
      await rows(page).getByText('Späte News').waitFor();
      expect(trouble).to.deep.equal([]);
      await page.context().close();
    },
  );

  itNeeds([CHROMIUM], 'goes by keys, and keeps its places in URLs', async () => {
    await send(
      'bob@localhost',
      Buffer.from('From: Alice <alice@localhost>\r\nSubject: First\r\nMessage-ID: <1@x>\r\n\r\nOne\r\n'),
    );
    await send('bob@localhost', Buffer.from('From: Alice <alice@localhost>\r\nSubject: Second\r\n\r\nTwo\r\n'));
    const { page, trouble } = await logIn('bob');
    await eventually('the page to show it', async () => (await rows(page).count()) === 2);
    await page.keyboard.press('j');
    await page.locator('article h2').getByText('Second').waitFor();
    await page.keyboard.press('j');
    await page.locator('article h2').getByText('First').waitFor();
    await page.reload();
    await page.locator('article h2').getByText('First').waitFor();

    await page.keyboard.press('u');
    await page.getByText('2 messages').waitFor();
    await page.goBack();
    await page.locator('article h2').waitFor();
    expect(trouble).to.deep.equal([]);
    await page.context().close();
  });

  itNeeds([CHROMIUM], 'can be read by those who do not see it, in light and dark, wide and narrow', async () => {
    const { page } = await logIn('alice');
    for (const place of ['', 'settings'])
      for (const [colorScheme, width] of [
        ['light', 1280],
        ['dark', 380],
      ] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: 800 });
        await page.goto(origin + place);
        await page.getByRole('banner').waitFor();
        expect(await seriousIn(page), `${place} ${colorScheme} ${width}`).to.deep.equal([]);
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).to.equal(true);
      }
    await page.context().close();
  });

  /** The messages of one page of the list, one after the other. */
  async function readAll(tab: Page, start: number, total: number): Promise<void> {
    const { page, asked, trouble } = await watch(tab, origin);
    await page.goto(`${origin}?start=${start}`);
    const here = Math.min(TAB_MESSAGES, total - start);
    await eventually('the page to show it', async () => (await rows(page).count()) === here);
    for (let row = 0; row < here; row += 1) {
      await page.keyboard.press('j');
      await page.locator('article').waitFor();
      // The document in the frame is ours before it is the stranger's.
      if ((await page.getByRole('tab', { name: 'HTML' }).count()) > 0)
        await frame(page).locator('head > meta[content^="default-src"]:first-child').waitFor({ state: 'attached' });
    }
    expect({ asked, trouble }).to.deep.equal({ asked: [], trouble: [] });
    expect(page.url().startsWith(origin)).to.equal(true);
  }

  itNeeds([CHROMIUM], 'runs nothing that stands in mail, asks for nothing, and goes nowhere', async () => {
    const messages = [...HOSTILE_HTML.map(htmlMessage), ...HOSTILE_MESSAGES.map((text) => Buffer.from(`${text}\r\n`))];
    expect(messages).to.have.length.above(200);
    await send('eve@localhost', ...messages);
    const { page } = await logIn('eve');
    const starts = Array.from({ length: Math.ceil(messages.length / TAB_MESSAGES) }, (_, tab) => tab * TAB_MESSAGES);
    await Promise.all(starts.map(async (start) => readAll(await page.context().newPage(), start, messages.length)));
    await page.context().close();
  });
});

function htmlMessage(html: string): Buffer {
  return Buffer.from(`Subject: hostile\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${html}\r\n`);
}

/** Of the message in its frame: its own styles hold there. */
function colorOfHeading(page: Page): Promise<string> | undefined {
  return page.frames().at(-1)?.evaluate<string>("getComputedStyle(document.querySelector('h1')).color");
}

/** What axe calls serious or worse. It is evaluated by the browser's own tools, which no policy of the page binds. */
async function seriousIn(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const found = await page.evaluate<{ violations: { impact: string; id: string }[] }>('axe.run(document)');
  return found.violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).map(({ id }) => id);
}
