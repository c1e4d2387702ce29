import { Option, type Command } from 'commander';
import { DEFAULT_SURVEY_BOUNDS, type SurveyBounds } from '../sync/survey-peer.ts';
import { parseCount } from './count.ts';
import { parseDurationMs } from './duration.ts';
import { declareMeshFlags, type MeshFlags } from './mesh-flags.ts';
import { optionValue } from './option-value.ts';
import { declareSoulFlags, type SoulFlags } from './soul-source.ts';

/** The flags of commands that look at every peer, as commander reads them. */
export interface SurveyFlags extends MeshFlags, SoulFlags {
  readonly name?: string;
  readonly workers: number;
  readonly timeout: number;
}

export function declareSurveyFlags(command: Command): void {
  command.option('--name <nara>', 'sign requests as this nara');
  declareSoulFlags(command);
  declareMeshFlags(command);
  command
    .option('--workers <n>', 'peers looked at at a time', optionValue(parseCount(1, 1000)), 8)
    .addOption(
      new Option('--timeout <duration>', 'wall clock per peer')
        .argParser(optionValue(parseDurationMs))
        .default(DEFAULT_SURVEY_BOUNDS.timeoutMs, '60s'),
    );
}

export function surveyBoundsOf({ timeout }: SurveyFlags): SurveyBounds {
  return { ...DEFAULT_SURVEY_BOUNDS, timeoutMs: timeout };
}
