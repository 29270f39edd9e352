/** HELP: for a person in telnet; no RFC asks for it. What it says is generated from the table. */
import { stay } from '../../session/command.js';
import { anything } from '../../session/grammar.js';
import { helpLines } from '../../session/help.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

export const help = defineCommand({
  verb: 'HELP',
  rfc: 'no RFC',
  help: {
    syntax: '[verb]',
    summary: 'lists the commands, or shows how one is used',
    example: 'HELP RETR',
    next: 'whatever could come before',
  },
  grammar: anything,
  at: ['authorization', 'transaction'],
  octets: true,
  serves: 'none',
  run(verb, _, context) {
    const lines = helpLines(context.table, verb);
    return stay(lines === undefined ? replies.noSuchHelp : replies.help(lines));
  },
});
