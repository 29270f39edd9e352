/**
 * Fills maildirs with files, named as Dovecot's LMTP names them: its sizes stand in the name, so that a server need not
 * open a file to know them. Only ever done before something is measured.
 */
import { chownSync, closeSync, fchownSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Fill } from './peer.js';
import { MAIL_UID } from './postfix-configuration.js';

const HEADER = `Return-Path: <sender@example.org>
Delivered-To: box@localhost
Received: from bench.localhost ([127.0.0.1])
\tby bench.localhost with LMTP
\tid wOxtLGz+HmXkQQAAg+zDdQ
\t(envelope-from <sender@example.org>)
\tfor <box@localhost>; Fri, 06 Oct 2023 10:00:00 +0000
From: <sender@example.org>
To: <box@localhost>
Date: Fri, 6 Oct 2023 10:00:00 +0000 (UTC)
Message-Id: <4f2a.0003.0004@bench.localhost>

`;
const LINE = `${'y'.repeat(70)}\n`;
/** Between turns of the event loop, so that an interrupt is heard. */
const FILES_A_TURN = 500;

export async function fillMaildirs(mail: string, { accounts, messages, octets }: Fill): Promise<void> {
  const text = message(octets);
  // W is the size with CRLF line ends, as POP3 and IMAP count it.
  const size = `S=${text.length},W=${text.length + text.split('\n').length - 1}`;
  for (const account of accounts) {
    const maildir = join(mail, account);
    for (const part of ['', 'cur', 'new', 'tmp']) makeOwned(join(maildir, part));
    for (let count = 0; count < messages; count++) {
      writeOwned(join(maildir, 'cur', `${unique(count)},${size}:2,`), text);
      if (count % FILES_A_TURN === 0) await turn();
    }
  }
}

/** As much text as smtp-source sends for this size, below trace headers and fields of the usual length. */
function message(octets: number): string {
  return HEADER + LINE.repeat(Math.max(1, Math.round(octets / (LINE.length + 1))));
}

function unique(count: number): string {
  return `${Math.floor(Date.now() / 1000)}.M${process.hrtime.bigint()}P${process.pid}.bench${count}`;
}

function makeOwned(path: string): void {
  mkdirSync(path, { recursive: true });
  chownSync(path, MAIL_UID, MAIL_UID);
}

function writeOwned(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  writeSync(file, text);
  fchownSync(file, MAIL_UID, MAIL_UID);
  closeSync(file);
}
