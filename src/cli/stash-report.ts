import { DAMAGES, type DamageReport } from '../stash/damage.ts';
import type { StashLabel } from '../stash/envelope.ts';
import { outlineOf, type StashOutline } from '../stash/outline.ts';
import type { HeldStash } from '../stash/stash-status.ts';
import type { StoredStash } from '../stash/store-stash.ts';
import { line, type Line } from './line.ts';
import type { Output } from './output.ts';
import { formatCount } from './progress-format.ts';

/** So many places are shown. */
const MAX_SHOWN = 10;

/** `set 2026-01-21 12:53:20 UTC, 1,234 bytes, keys: a, b`: of a stash, no value of it. */
export function stashLine({ timestamp, document }: HeldStash): Line {
  return line`set ${formatUnixSeconds(timestamp)}, ${outlineText(outlineOf(document))}`;
}

function outlineText({ bytes, keys, keyCount }: StashOutline): Line {
  const more = keyCount > keys.length ? line` and ${keyCount - keys.length} more` : line``;
  const list = keyCount === 0 ? line`no keys` : line`keys: ${keys.join(', ')}${more}`;
  return line`${formatCount(bytes)} bytes, ${list}`;
}

/** `2026-01-21 12:53:20 UTC`. */
function formatUnixSeconds(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `at ${seconds}`;
  return `${date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '')} UTC`;
}

/** What a nara would damage, place by place. */
export function damageLines({ damages, count }: DamageReport): Line[] {
  return [
    ...damages
      .slice(0, MAX_SHOWN)
      .map(({ kind, path }) => line`  ${path === '' ? '' : `${path}: `}${DAMAGES[kind]}`),
    ...(count > MAX_SHOWN ? [line`  and ${count - MAX_SHOWN} more`] : []),
  ];
}

/** What a restore is about to do. */
export interface StashPlan {
  readonly document: Buffer;
  /** `undefined`: of a bare document nothing is known. */
  readonly label: StashLabel | undefined;
  readonly before: HeldStash | undefined;
  readonly name: string;
}

/** Says what would be stored, and what that replaces. */
export function tellPlan({ document, label, before, name }: StashPlan, output: Output): void {
  const outline = outlineOf(document);
  const { name: from, publicKey, timestamp, takenAt } = label ?? {};
  output.record({ type: 'stash', name: from, publicKey, timestamp, takenAt, ...outline });
  if (!output.json) {
    output.tell(
      label === undefined
        ? line`Stash:    a bare document, ${outlineText(outline)}`
        : line`Stash:    of ${label.name || 'a nara'}, ${stashLine({ timestamp: label.timestamp, document })}`,
    );
  }
  tellReplaced(before, name, output);
  if (before !== undefined && label !== undefined && before.timestamp > label.timestamp)
    output.warn(line`⚠️  What ${name || 'the nara'} holds is newer than this`);
}

/** Says what a nara holds that is about to be replaced. */
export function tellReplaced(before: HeldStash | undefined, name: string, output: Output): void {
  output.record({
    type: 'before',
    hasStash: before !== undefined,
    ...(before && { timestamp: before.timestamp, ...outlineOf(before.document) }),
  });
  if (output.json) return;
  output.tell(
    before === undefined
      ? line`Replaces: nothing, ${name || 'the nara'} holds none`
      : line`Replaces: ${stashLine(before)}`,
  );
}

/** Why nobody but the nara holds what was stored, as far as it said. */
export function undistributedLine({ isDistributed, message }: StoredStash): Line {
  return isDistributed === false
    ? line`⚠️  No confidant took it, the nara alone holds it, and loses it if it goes: ${message || 'it did not say why'}`
    : line`⚠️  No answer came that says whether its confidants took it`;
}

export function storedLine(name: string, { keptAs }: StoredStash): Line {
  return line`✅ ${name || 'The nara'} holds the stash: ${KEPT[keptAs]}`;
}

const KEPT = {
  bytes: 'byte for byte',
  values: 'the same values, in its own order and spelling',
  damaged: 'damaged as was said',
} as const;
