import { MeshBackupError } from '../../errors.ts';
import {
  addTrustedKey,
  readTrustedKeys,
  removeTrustedKey,
  type ChangedKeys,
} from '../../keys/trusted-keys.ts';
import type { CommandContext, CommandModule } from '../command-module.ts';
import { line } from '../line.ts';

interface TrustedKeysFlags {
  readonly trustedKeys?: string;
}

const ACTIONS = ['list', 'add', 'remove'] as const;
type Action = (typeof ACTIONS)[number];

export const snapshotTrustedKeys: CommandModule<TrustedKeysFlags> = {
  name: 'snapshot trusted-keys',
  summary: 'the list of keys whose snapshots are trusted',
  jsonTo: 'stdout',
  examples: [
    'list --trusted-keys trusted-keys.json',
    'add --trusted-keys trusted-keys.json KEY',
    'remove --trusted-keys trusted-keys.json KEY',
  ],

  declare(command) {
    command
      .argument('<action>', 'list, add or remove')
      .argument('[key]', 'a public key, as keygen prints it')
      .description('Shows or changes a list of trusted keys. It is replaced in one step.')
      .option('--trusted-keys <file>', 'the list: a JSON array');
  },

  async run({ trustedKeys: file }, context) {
    const { operands, output } = context;
    const [action = '', key] = operands;
    if (!isAction(action)) {
      throw new MeshBackupError('USAGE', `'${action}' is none of ${ACTIONS.join(', ')}.`);
    }
    if (file === undefined) throw new MeshBackupError('USAGE', 'Which list? Name it with --trusted-keys.');
    const { keys, hasChanged } = await act(action, file, key, context);
    output.record({ type: 'summary', exitStatus: 0, file, keys, hasChanged });
    if (output.json) return 0;
    if (action === 'list') for (const one of keys) await output.print(line`${one}`);
    else if (!hasChanged) output.tell(line`It is ${action === 'add' ? 'there already' : 'not on the list'}.`);
    if (action === 'remove' && keys.length === 0) {
      output.warn(line`⚠️  The list is empty now: no snapshot is trusted`);
    }
    return 0;
  },
};

function isAction(text: string): text is Action {
  return (ACTIONS as readonly string[]).includes(text);
}

async function act(
  action: Action,
  file: string,
  key: string | undefined,
  { signal }: CommandContext,
): Promise<ChangedKeys> {
  if (action === 'list') {
    if (key !== undefined) throw new MeshBackupError('USAGE', 'list takes no key.');
    return { keys: await readTrustedKeys(file, signal), hasChanged: false };
  }
  if (key === undefined)
    throw new MeshBackupError('USAGE', `Which key is to be ${action === 'add' ? 'added' : 'removed'}?`);
  return action === 'add' ? addTrustedKey(file, key, signal) : removeTrustedKey(file, key, signal);
}
