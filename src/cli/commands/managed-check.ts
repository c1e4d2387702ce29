import { checkAuthority } from '../../managed/authority-check.ts';
import { MeshBackupError } from '../../errors.ts';
import { saveAnswers } from '../../managed/saved-answers.ts';
import { answerCheck, withAuthority } from '../authority.ts';
import type { CommandModule } from '../command-module.ts';
import { DoctorReport } from '../doctor-report.ts';
import { declareWayFlags, type WayFlags } from '../way-flags.ts';

interface ManagedCheckFlags extends WayFlags {
  readonly save?: string;
}

export const managedCheck: CommandModule<ManagedCheckFlags> = {
  name: 'managed check',
  summary: 'whether an authority is well, and what it tells',
  jsonTo: 'stdout',
  examples: ['https://authority.example', 'http://localhost:8443 --save before'],
  environment: { HTTPS_PROXY: 'a proxy for https; NO_PROXY names hosts without one' },

  declare(command) {
    command
      .argument('<url>', 'where the authority is')
      .description(
        'Asks an authority for /healthz, /readyz, /connectome.json, /nodes, /crl and\n' +
          '/policy: whether each answers, as it should. Nothing is changed there.',
      )
      .option('--save <dir>', 'keep the answers there, NAME.json each');
    declareWayFlags(command, 'plain http to anywhere: a listener could\nchange what is told');
  },

  async run(flags, context) {
    const { output, operands } = context;
    const [url = ''] = operands;
    return withAuthority(url, 'the URL', flags, context, async (settings) => {
      const answers = await checkAuthority(settings);
      if (flags.save !== undefined) await saveAnswers(flags.save, answers);
      const report = new DoctorReport(output);
      await report.tell(...answers.map(answerCheck));
      if (answers.every(({ status }) => status === undefined)) {
        throw new MeshBackupError('PEER_UNREACHABLE', 'Nobody answers there.', {
          hint: 'Does the authority run, and is the URL right?',
          retryable: true,
        });
      }
      return report.end()?.exitStatus ?? 0;
    });
  },
};
