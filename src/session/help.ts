/** HELP for a person in telnet, generated from the table: what there is, or one command's syntax, example and successor. */
import type { Row, State } from './command.js';

/** Undefined when no command has that verb. */
export function helpLines<S extends State, C, Need extends string>(
  table: ReadonlyMap<string, Row<S, C, Need>>,
  verb: string,
): readonly string[] | undefined {
  if (verb === '') return overview([...table.values()]);
  const row = table.get(verb.toUpperCase());
  return (
    row && [
      `${syntaxOf(row)}: ${row.help.summary} (${row.rfc})`,
      `Example: ${row.help.example}`,
      `Next: ${row.help.next}`,
    ]
  );
}

export function syntaxOf({
  verb,
  help,
}: {
  readonly verb: string;
  readonly help: { readonly syntax: string };
}): string {
  return `${verb}${help.syntax.startsWith(':') ? '' : ' '}${help.syntax}`.trimEnd();
}

function overview<S extends State, C, Need extends string>(rows: readonly Row<S, C, Need>[]): readonly string[] {
  return [
    `Commands: ${rows.map((row) => row.verb).join(' ')}`,
    'HELP and a verb shows its syntax, an example and what may come next',
  ];
}
