/**
 * What sessions with devices have besides what all of SMTP have, or instead: limits, stages and counters of their own, and who notes
 * what is refused.
 */
import { Buffer } from 'node:buffer';
import type { Observer, SessionEnd } from '../../session/observer.js';
import type { Reply } from '../../session/reply.js';
import type { DeviceSession } from '../../smtp/device-session.js';
import { deviceStages } from '../../smtp/device-stages.js';
import type { SmtpSettings } from '../../smtp/settings.js';

export function deviceContext(session: DeviceSession, settings: SmtpSettings) {
  const { device, mends } = session;
  return {
    device: session,
    settings: {
      ...settings,
      maxMessageSize: Math.min(settings.maxMessageSize, device.maxOctets ?? Infinity),
      bareNewlines: 'normalize' as const,
    },
    stages: deviceStages(session),
    counters: {
      accepted: 0,
      refused: 0,
      octets: 0,
      device: device.name,
      get mended() {
        return mends.words.length === 0 ? undefined : mends.words.join(' ');
      },
    },
  };
}

/**
 * What the device is told that is no good news is remembered with it, and how its session ended when nothing was accepted in it. What
 * follows a refusal is mostly refused for that: it is the first that is remembered, until a message was accepted.
 */
export function noteRefusals(
  observer: Observer,
  { device, devices }: DeviceSession,
  counters: { readonly accepted?: number },
): Observer {
  let notedAt: number | undefined;
  const note = (refusal: string): void => {
    if (notedAt === counters.accepted) return;
    notedAt = counters.accepted;
    devices.recordRefusal(device.id, refusal);
  };
  return {
    ...observer,
    said(reply) {
      observer.said?.(reply);
      const text = textOf(reply);
      if (/^[45]/.test(text)) note(text);
    },
    ended(end) {
      observer.ended(end);
      const why = counters.accepted === 0 ? earlyEnd(end) : undefined;
      if (why !== undefined) note(why);
    },
  };
}

/** Undefined where the server has said why. */
function earlyEnd({ outcome, commands }: SessionEnd): string | undefined {
  if (outcome.startsWith('broken')) return `the connection broke${outcome.slice('broken'.length)}`;
  return outcome === 'dropped' && commands > 0 ? 'the device closed the connection without QUIT' : undefined;
}

function textOf({ head }: Reply): string {
  return Buffer.from(head).toString().trimEnd().replaceAll('\r\n', ' ');
}
