import type { CommandModule } from '../command-module.ts';
import { exitCodesMarkdown, exitCodesText, exitStatusRows } from '../exit-codes.ts';

interface ExitCodesOptions {
  readonly markdown?: true;
}

/** `mesh-backup exit-codes`, and as its help `mesh-backup help exit-codes`. */
export const exitCodes: CommandModule<ExitCodesOptions> = {
  name: 'exit-codes',
  summary: 'show what each exit status and error code means',
  jsonTo: 'stdout',
  examples: ['', '--json', '--markdown > docs/exit-codes.md'],

  declare(command) {
    command
      .description('Shows what each exit status and error code means.')
      .option('--markdown', 'print docs/exit-codes.md');
  },

  async run(options, { output }) {
    if (output.json) {
      const rows = exitStatusRows();
      for (const row of rows) output.record({ type: 'exit-status', ...row });
      output.record({ type: 'summary', exitStatuses: rows.length });
    } else {
      await output.write(options.markdown ? exitCodesMarkdown() : exitCodesText(true));
    }
    return 0;
  },
};
