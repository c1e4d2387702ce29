import { makeSigningKey } from '../../keys/signing-key.ts';
import type { CommandModule } from '../command-module.ts';
import { line } from '../line.ts';

export const snapshotKeygen: CommandModule = {
  name: 'snapshot keygen',
  summary: 'make a key to sign snapshots and records with',
  jsonTo: 'stdout',
  examples: ['snapshot.key'],
  notes:
    'Keep the file off the machine whose snapshots it signs, and a copy of it where\n' +
    'you keep secrets: nobody can make it again.',

  declare(command) {
    command
      .argument('<file>', 'the new file; it must not be there')
      .description(
        'Makes an Ed25519 key: the secret half to a file that only its owner reads (0400),\nthe public half to stdout.',
      );
  },

  async run(_flags, { operands, output }) {
    const [file = ''] = operands;
    const publicKey = await makeSigningKey(file);
    output.record({ type: 'summary', exitStatus: 0, file, publicKey });
    if (!output.json) await output.print(line`${publicKey}`);
    output.detail(line`✅ The secret half is in ${file}`);
    return 0;
  },
};
