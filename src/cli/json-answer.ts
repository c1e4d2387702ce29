import type { ExitStatus } from '../errors.ts';
import { readPythonJson, writePythonJson } from '../event/python-json.ts';
import type { Output } from './output.ts';

/**
 * A command's answer as the tool that it stands in for prints it: JSON of Python's, indented by 2, on stdout. With
 * `--json` it is a record instead. Throws as `Output.write` does.
 */
export async function answerInJson(
  answer: Readonly<Record<string, string | number | null>>,
  output: Output,
  exitStatus: ExitStatus = 0,
): Promise<void> {
  output.record({ type: 'summary', exitStatus, ...answer });
  if (output.json) return;
  const node = readPythonJson(Buffer.from(JSON.stringify(answer).toWellFormed()));
  await output.write(
    `${writePythonJson(node, { itemSeparator: ', ', keySeparator: ': ', indent: 2, sortKeys: false })}\n`,
  );
}
