/** The first line of a file, where a secret is kept: without its line end, and no more of the file than that is read. */
import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

export interface LineOptions {
  /** A longer line is none. */
  readonly limitOctets: number;
  /** Also of a FIFO, such as a shell's `<(…)`: whoever named it waits for whoever writes to it. */
  readonly isWaitedFor?: true;
}

const LF = 10;

/** @throws Error with the system's `code`, or with a message that says what is wrong with the file */
export async function firstLineOf(file: string, { limitOctets, isWaitedFor }: LineOptions): Promise<string> {
  const handle = await open(file, isWaitedFor === true ? 'r' : constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (isWaitedFor !== true && !(await handle.stat()).isFile()) throw new Error('no regular file');
    return await readLine(handle, limitOctets);
  } finally {
    await handle.close();
  }
}

async function readLine(handle: FileHandle, limitOctets: number): Promise<string> {
  const bytes = Buffer.alloc(limitOctets + '\r\n'.length);
  for (let octets = 0; octets < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, octets, bytes.length - octets, null);
    const end = bytes.indexOf(LF);
    octets += bytesRead;
    if (end !== -1 || bytesRead === 0) return withoutCr(bytes.toString('utf8', 0, end === -1 ? octets : end));
  }
  throw new Error('the first line is too long');
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
