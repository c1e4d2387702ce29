import { Option } from 'commander';
import { MeshBackupError, type ExitStatus } from '../../errors.ts';
import { writeWhole } from '../../jsonl/write-whole.ts';
import { exportFacts, SCOPES, type FactExport, type Scope } from '../../snapshot/export-facts.ts';
import { factsMarkdown } from '../../snapshot/facts-markdown.ts';
import { API_KEY_ENVIRONMENT, declareApiKeyFlags, readApiKey, type ApiKeyFlags } from '../api-key-source.ts';
import { assertApart } from '../apart.ts';
import type { CommandModule } from '../command-module.ts';
import { parseCount } from '../count.ts';
import { line } from '../line.ts';
import { declareNodeWayFlags, nodeUrlOf, warnOfOpenWay, type NodeWayFlags } from '../node-flags.ts';
import { optionValue, optionValues } from '../option-value.ts';
import type { Output } from '../output.ts';
import { formatCount } from '../progress-format.ts';
import { stdoutPath } from '../stdout-file.ts';
import { warnOfTakenLock } from '../taken-lock.ts';
import { openTargetHttp } from '../target-http.ts';
import { warnOfReaders } from '../warn-of-readers.ts';

interface ExportFlags extends ApiKeyFlags, NodeWayFlags {
  readonly scope?: Scope;
  readonly entities?: readonly string[];
  readonly output?: string;
  readonly includeContradicted?: true;
  readonly includeExpired?: true;
  readonly contradictions: boolean;
  readonly limit: number;
  readonly maxFacts: number;
  readonly maxValue: number;
}

export const snapshotExport: CommandModule<ExportFlags> = {
  name: 'snapshot export-markdown',
  summary: 'facts of a Stigmem node as Markdown, to be read: no backup',
  jsonTo: 'stderr',
  examples: ['--scope team --entities a,b -o facts.md', '--node-url URL --scope team --entities a'],
  environment: {
    STIGMEM_URL: 'where the node is, when --node-url is not given',
    ...API_KEY_ENVIRONMENT,
    HTTPS_PROXY: 'a proxy for https; NO_PROXY names hosts without one',
  },
  notes: [
    'This is no backup: nothing can be restored from it. That is what snapshot create',
    'is for. What the node holds back, or its pages leave out, is not in it; where',
    'that can be told, the export says so and the status is 3.',
  ].join('\n'),

  declare(command) {
    command.description(
      'Writes what a Stigmem node says of some entities as Markdown, for people to read\nand for version control. No restore format.',
    );
    command
      .option('--node-url <url>', 'where the node is (default: http://localhost:8765)')
      .addOption(new Option('--scope <scope>', 'facts of this scope').choices(SCOPES))
      .option('--entities <list>', 'of these entities; repeatable, commas', optionValues(String))
      .option('-o, --output <file>', 'write it here, whole or not at all; - is stdout')
      .option('--include-contradicted', 'facts that others contradict as well')
      .option('--include-expired', 'facts whose time is over as well')
      .option('--no-contradictions', 'do not count the contradictions of the node');
    declareApiKeyFlags(command);
    command
      .addOption(count('--limit <count>', 'facts a page, 500 at most for most nodes', 10_000, 500))
      .addOption(count('--max-facts <count>', 'give up beyond so many', 10_000_000, 100_000))
      .addOption(count('--max-value <characters>', 'cut longer texts', 100_000_000, 65_536));
    declareNodeWayFlags(command);
  },

  async run(flags, context) {
    const { output, env, signal } = context;
    const { scope } = flags;
    if (scope === undefined) {
      throw new MeshBackupError('USAGE', `Facts of which scope? Name it with --scope ${SCOPES.join('|')}.`);
    }
    const entities = entitiesOf(flags);
    const url = nodeUrlOf(flags, env);
    const path = flags.output === '-' ? undefined : flags.output;
    await assertApart(
      [{ name: '-o', path }],
      [
        { name: '--ca-file', path: flags.caFile },
        { name: '--api-key-file', path: flags.apiKeyFile === '-' ? undefined : flags.apiKeyFile },
      ],
    );
    const apiKey = await readApiKey(flags, { ...context, stdinIsData: false });
    warnOfOpenWay(flags, context);
    const chosen = {
      scope,
      includeContradicted: flags.includeContradicted ?? false,
      includeExpired: flags.includeExpired ?? false,
    };
    const http = await openTargetHttp(flags, env);
    try {
      const exported = await exportFacts({
        ...chosen,
        http,
        url,
        apiKey,
        entities,
        contradictions: flags.contradictions,
        limit: flags.limit,
        maxFacts: flags.maxFacts,
        requestTimeoutMs: flags.requestTimeout,
        timeoutMs: flags.timeout,
        signal,
      });
      const exportedAt = new Date();
      const settings = { ...chosen, nodeUrl: url, exportedAt, maxCharacters: flags.maxValue };
      const { text, findings } = factsMarkdown(exported, settings);
      const file = await write(path, Buffer.from(text), output);
      await warnOfReaders(file ?? stdoutPath() ?? '', output);
      return report({ exported, findings, file }, output);
    } finally {
      await http.close();
    }
  },
};

function count(flags: string, meaning: string, max: number, otherwise: number): Option {
  return new Option(flags, meaning).argParser(optionValue(parseCount(1, max))).default(otherwise);
}

/** Each once, in the order in which they were given. */
function entitiesOf({ entities = [] }: ExportFlags): string[] {
  const names = entities.flatMap((list) => list.split(',')).map((name) => name.trim());
  const named = [...new Set(names)].filter((name) => name !== '');
  if (named.length > 0) return named;
  throw new MeshBackupError('USAGE', 'Facts of whom? Name them with --entities team:ops,agent:bot-1.');
}

/** Returns the file's name; `undefined`: stdout. */
async function write(path: string | undefined, bytes: Buffer, output: Output): Promise<string | undefined> {
  if (path !== undefined) {
    return writeWhole(path, bytes, { over: 'replace', onTakenOver: warnOfTakenLock(path, output) });
  }
  await output.write(bytes);
  return undefined;
}

interface Exported {
  readonly exported: FactExport;
  readonly findings: readonly string[];
  readonly file: string | undefined;
}

function report({ exported, findings, file }: Exported, output: Output): ExitStatus {
  const facts = exported.entities.reduce((sum, entity) => sum + entity.facts.length, 0);
  const error =
    findings.length === 0
      ? undefined
      : new MeshBackupError('INCOMPLETE', `The export is not whole: ${findings.join('; ')}.`, {
          hint: 'It is written, and says so itself. All of a node is in snapshot create.',
        });
  const exitStatus = error?.exitStatus ?? 0;
  if (error !== undefined) output.fail(error);
  output.record({
    type: 'summary',
    exitStatus,
    facts,
    entities: exported.entities.map((entity) => ({ entity: entity.entity, facts: entity.facts.length })),
    contradictions: exported.contradictions?.scopes ?? null,
    findings,
    file: file ?? null,
  });
  if (!output.json && (output.isTerminal || output.verbose)) {
    output.tell(line`✅ ${formatCount(facts)} facts, to be read (no backup), to ${file ?? 'stdout'}`);
  }
  return exitStatus;
}
