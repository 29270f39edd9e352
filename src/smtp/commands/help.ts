/** HELP: for a person in telnet (RFC 5321 §4.1.1.8); what it says is generated from the table. */
import { stay } from '../../session/command.js';
import { anything } from '../../session/grammar.js';
import { helpLines } from '../../session/help.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

export const help = defineCommand({
  verb: 'HELP',
  rfc: 'RFC 5321 §4.1.1.8',
  help: {
    syntax: '[verb]',
    summary: 'lists the commands, or shows how one is used',
    example: 'HELP MAIL',
    next: 'whatever could come before',
  },
  grammar: anything,
  at: ['start', 'greeted', 'transaction', 'chunking'],
  octets: true,
  serves: 'none',
  announce: () => ['HELP'],
  run(verb, _, context) {
    const lines = helpLines(context.table, verb);
    return stay(lines === undefined ? replies.noSuchHelp : replies.help(lines));
  },
});
