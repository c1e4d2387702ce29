import { expect, test } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { judgeRestore } from '../../src/restore/outcome.ts';
import type { RestoreSummary } from '../../src/restore/restore-summary.ts';

interface Facts {
  readonly toGo?: number;
  readonly there?: number;
  readonly delivered?: number;
  readonly duplicates?: number;
  readonly rejects?: number;
  readonly missing?: number;
  readonly isSent?: boolean;
  readonly looked?: boolean;
  readonly trouble?: MeshBackupError;
  readonly damage?: readonly string[];
  readonly isDryRun?: boolean;
}

function judge(facts: Facts): MeshBackupError | undefined {
  const { toGo = 9, there = 0, missing = 0, looked = true, isSent = true, damage = [] } = facts;
  const { delivered = toGo, duplicates = 0, rejects = 0, trouble, isDryRun = false } = facts;
  const reject = { id: 'x', reason: 'y' };
  return judgeRestore({
    stay: { there },
    toGo: { events: toGo },
    sent: { delivered, duplicates, rejects: Array<unknown>(rejects).fill(reject) },
    confirmed: looked ? { missing: new Map(missing > 0 ? [['unknown', missing]] : []) } : undefined,
    target: { held: 5 },
    input: { lines: { events: 20 }, damage },
    isSent,
    trouble,
    isDryRun,
  } as unknown as RestoreSummary);
}

const STOPPED = new MeshBackupError('INTERRUPTED', 'Stopped.');
const UNREADABLE = new MeshBackupError('TARGET_UNREADABLE', 'no', { hint: 'Nothing was sent' });
const LATE = new MeshBackupError('RESTORE_TIMEOUT', 'late');

test.each<[string, Facts, number, string | undefined]>([
  ['all is there', {}, 0, undefined],
  ['all was there', { toGo: 0, there: 5 }, 0, undefined],
  ['a rehearsal', { isDryRun: true, looked: false }, 0, undefined],
  ['nothing is to go', { toGo: 0 }, 3, 'NOTHING_TO_RESTORE'],
  ['a rehearsal of nothing', { toGo: 0, isDryRun: true }, 3, 'NOTHING_TO_RESTORE'],
  ['some were rejected', { rejects: 2 }, 3, 'NOT_RESTORED'],
  ['some are not there', { missing: 2 }, 3, 'NOT_RESTORED'],
  ['nobody looked', { looked: false }, 0, undefined],
  ['nobody looked, and some were refused', { looked: false, duplicates: 1 }, 3, 'NOT_RESTORED'],
  ['some were refused, and are there all the same', { duplicates: 1 }, 0, undefined],
  ['what arrived cannot be read', { looked: false, trouble: UNREADABLE }, 3, 'NOT_RESTORED'],
  [
    'in the middle it cannot be read',
    { isSent: false, delivered: 3, trouble: UNREADABLE },
    3,
    'NOT_RESTORED',
  ],
  ['the time was over', { isSent: false, delivered: 3, trouble: LATE }, 3, 'RESTORE_TIMEOUT'],
  ['stopped', { isSent: false, delivered: 3, trouble: STOPPED }, 130, 'INTERRUPTED'],
  ['stopped when all was sent', { looked: false, trouble: STOPPED }, 130, 'INTERRUPTED'],
  ['a file was cut', { damage: ['cut'] }, 3, 'NOT_READ_WHOLE'],
  ['a file was cut, and all was there', { toGo: 0, there: 5, damage: ['cut'] }, 3, 'NOT_READ_WHOLE'],
  ['a rehearsal with a cut file', { isDryRun: true, damage: ['cut'] }, 3, 'NOT_READ_WHOLE'],
  ['a file was cut, and events are missing', { missing: 1, damage: ['cut'] }, 3, 'NOT_RESTORED'],
])('%s', (_name, facts, status, code) => {
  const error = judge(facts);
  expect(error?.exitStatus ?? 0).toBe(status);
  expect(error?.code).toBe(code);
});

test('what was sent is not said not to have been', () => {
  const error = judge({ isSent: false, delivered: 3, trouble: UNREADABLE });
  expect(error?.message).toContain('3 of 9 events were sent');
  expect(error?.hint).not.toContain('Nothing was sent');
});
