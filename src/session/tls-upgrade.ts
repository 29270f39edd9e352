/**
 * From clear text to TLS, after STARTTLS or STLS. Of what was said in clear nothing remains, and who said more in clear than
 * the command is not let through: it would be read as if it had come under TLS (RFC 3207 §4, RFC 2595 §4).
 */
import type { Channel } from './channel.js';
import type { State } from './command.js';
import type { Conversation } from './conversation.js';
import type { SessionContext } from './protocol.js';
import type { Reply } from './reply.js';

/** `begun` is called when the session has begun anew. */
export function upgradeToTls<S extends State, C extends SessionContext, Need extends string>(
  conversation: Conversation<S, C, Need>,
  reply: Reply,
  begun: () => void,
): void {
  const { flow, protocol } = conversation;
  if (flow.reader.waiting > 0) return conversation.finish('injected', protocol.errorReplies.injected);
  conversation.say(reply);
  flow.output.flush();
  conversation.waitsFor = 'handshake';
  flow.channel.secure().then(
    (channel) => {
      beginAnew(conversation, channel);
      begun();
    },
    (error: unknown) => {
      conversation.waitsFor = 'nothing';
      conversation.closed(error as Error);
    },
  );
}

function beginAnew<S extends State, C extends SessionContext, Need extends string>(
  conversation: Conversation<S, C, Need>,
  channel: Channel,
): void {
  const { flow, protocol, context, state } = conversation;
  conversation.waitsFor = 'nothing';
  flow.replace(channel);
  const { security } = channel.peer;
  // Who the client is was perhaps said by its front: TLS makes the connection safe, and nobody else of the client.
  const peer = { ...context.peer, ...(security && { security }) };
  conversation.renew(peer, protocol.underTls?.(state));
  flow.reopen();
}
