/** Debian's chromium, driven as a person would, and watched: what it asks for, what it refuses, what fails in it. */
import { chromium, type Browser, type Page } from 'playwright-core';
import { programPath } from './programs.js';

export const CHROMIUM = 'chromium';

/** What a page did beside what was wanted of it. */
export interface Watched {
  readonly page: Page;
  /** URLs of other hosts; they are answered with a failure. */
  readonly asked: string[];
  /** Errors of scripts, dialogs, windows that opened, places it went to. */
  readonly trouble: string[];
}

export async function openBrowser(): Promise<Browser> {
  // Its own sandbox needs a user who may make one; root may not.
  const forRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  // What a frame in a process of its own asks for first may go before it is watched.
  const args = ['--disable-features=IsolateSandboxedIframes', ...forRoot];
  return chromium.launch({ executablePath: programPath(CHROMIUM) ?? CHROMIUM, args });
}

/** A page of a person of its own, or one more of the same. */
export async function watchedPage(browser: Browser, origin: string): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
  return watch(await context.newPage(), origin);
}

export async function watch(page: Page, origin: string): Promise<Watched> {
  const [asked, trouble]: [string[], string[]] = [[], []];
  await page.route('**/*', async (route) => {
    const url = route.request().url();
    if (url.startsWith(origin)) return route.continue();
    asked.push(url);
    return route.abort();
  });
  page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', (popup) => trouble.push(`popup: ${popup.url()}`));
  page.on('framenavigated', (frame) => {
    if (!frame.url().startsWith(origin) && !/^about:(blank|srcdoc)$/.test(frame.url()))
      trouble.push(`went to ${frame.url()}`);
  });
  return { page, asked, trouble };
}
