import { plural } from '../../archive/plural.ts';
import { checkBundle } from '../../managed/bundle-check.ts';
import { MeshBackupError } from '../../errors.ts';
import type { CommandModule } from '../command-module.ts';
import { line } from '../line.ts';
import { declareTrustFlags, readStrictTrust, type TrustFlags } from '../snapshot-flags.ts';

interface ManagedVerifyFlags extends TrustFlags {
  readonly allowUnsigned?: true;
}

export const managedVerify: CommandModule<ManagedVerifyFlags> = {
  name: 'managed verify',
  summary: "whether an incident's or a drill's folder is as it was made",
  jsonTo: 'stdout',
  examples: ['incident-17', '--trusted-keys trusted-keys.json drill-2026-q4'],

  declare(command) {
    command
      .argument('<dir>', 'what managed incident or managed drill made')
      .description(
        "Checks the signature of a folder's record, and that the files of the folder are\n" +
          'those which the record names, byte for byte, and no others.',
      );
    declareTrustFlags(command);
    command.option(
      '--allow-unsigned',
      'also where nobody signed the record: then anybody\ncan have changed all of it',
    );
  },

  async run(flags, { operands, output, signal }) {
    const [folder = ''] = operands;
    const trust = await readStrictTrust(flags, signal);
    const { kind, key, files, flaws } = await checkBundle(folder, signal);
    const all = [...flaws];
    const isTrusted = key === undefined || trust === undefined || trust.keys.includes(key);
    if (!isTrusted) all.push(`it is signed with ${key}, which is not trusted`);
    // Nobody can tell who signed a record that cannot be read.
    else if (key === undefined && (flaws.length === 0 || files > 0)) all.push('nobody signed it');
    output.record({ type: 'bundle', folder, kind, key: key ?? null, files, flaws: all });
    if (!output.json) for (const flaw of all) output.warn(line`⚠️  ${flaw}`);
    // An unsigned record proves nothing: who changes a file changes its sum there as well.
    const isAllowed = flags.allowUnsigned === true && trust === undefined && flaws.length === 0 && isTrusted;
    if (all.length > 0 && !isAllowed) {
      const message = `${folder}: ${all.length} ${plural(all.length, 'thing')} ${plural(all.length, 'does', 'do')} not hold.`;
      throw new MeshBackupError(flaws.length === 0 && !isTrusted ? 'UNTRUSTED_KEY' : 'NOT_VERIFIED', message);
    }
    output.record({ type: 'summary', exitStatus: 0 });
    if (!output.json) {
      await output.print(
        line`OK: ${kind}, ${files} ${plural(files, 'file')}${key === undefined ? '' : line`, signed with ${key}`}`,
      );
    }
    return 0;
  },
};
