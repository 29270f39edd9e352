/**
 * When a message was received, and from whom, as its own header tells it: for one that comes from elsewhere without an envelope. The
 * newest Received field stands first (RFC 5321 §4.4); where there is none, Date is the best there is.
 */
import type { Buffer } from 'node:buffer';
import { readPath } from './path.js';

/** No more of a header is looked at. */
const SEEN_LIMIT_BYTES = 32 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
const RECEIVED = /^received:((?:[^\n]*\n[ \t])*[^\n]*)/im;
const DATE = /^date:((?:[^\n]*\n[ \t])*[^\n]*)/im;
const RETURN_PATH = /^return-path:[ \t]*(<.*>)[ \t]*\r?$/im;

/** `first`: the message, or its beginning. */
export function receivedAtMs(first: Buffer, nowMs: number): number | undefined {
  const header = headerOf(first);
  const received = RECEIVED.exec(header)?.[1];
  const stamp = received?.slice(received.lastIndexOf(';') + 1);
  return timeOf(stamp, nowMs) ?? timeOf(DATE.exec(header)?.[1], nowMs);
}

/** Of Return-Path, which final delivery adds; undefined where there is none that is understood. */
export function reversePathOf(first: Buffer): string | undefined {
  const text = RETURN_PATH.exec(headerOf(first))?.[1];
  const path = text === undefined ? undefined : readPath(text)?.path;
  return path?.international === true ? undefined : path?.text;
}

function headerOf(first: Buffer): string {
  const seen = first.toString('latin1', 0, SEEN_LIMIT_BYTES);
  const end = /\r?\n\r?\n/.exec(seen)?.index;
  return end === undefined ? seen : seen.slice(0, end);
}

/** One that has not come yet, or that was before there was mail, is a mistake of who wrote it. */
export function isCredible(atMs: number, nowMs: number): boolean {
  return atMs >= 0 && atMs <= nowMs + DAY_MS;
}

function timeOf(text: string | undefined, nowMs: number): number | undefined {
  const atMs = Date.parse((text ?? '').replace(/\s+/g, ' ').trim());
  return isCredible(atMs, nowMs) ? atMs : undefined;
}
