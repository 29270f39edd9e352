/** Dates, sizes and names as people read them. */
import type { MailAddress } from './api.js';

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

/** The time of today, the day of this year, else the date. */
export function shortDate(iso: string, now = new Date()): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  if (date.toDateString() === now.toDateString()) return TIME.format(date);
  return (date.getFullYear() === now.getFullYear() ? DAY : DATE).format(date);
}

export function wholeDate(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? 'no date' : WHOLE.format(date);
}

export function size(octets: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, octets)) / 3));
  const value = octets / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power] ?? ''}`;
}

export function nameOf(address: MailAddress | null | undefined): string {
  const names = [address?.Name, address?.Address];
  return names.find(Boolean) ?? 'unknown sender';
}

export function addressText({ Name, Address }: MailAddress): string {
  return Name === '' ? Address : `${Name} <${Address}>`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}
