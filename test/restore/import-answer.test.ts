import { expect, test } from 'vitest';
import { readImportAnswer } from '../../src/restore/import-answer.ts';
import { readVectors } from '../fixtures.ts';

interface Recording {
  readonly response: {
    readonly status: number;
    readonly rawHeaders: readonly string[];
    readonly body: string;
  };
}

function read(status: number, body: string, headers: Record<string, string> = {}, nowMs = 0): unknown {
  return readImportAnswer({ status, headers, body: Buffer.from(body) }, nowMs);
}

function recorded(name: string): ReturnType<typeof readImportAnswer> {
  const { response } = readVectors(`http/${name}.json`) as Recording;
  const { status, rawHeaders, body } = response;
  const date = rawHeaders[rawHeaders.indexOf('Date') + 1]!;
  return readImportAnswer({ status, headers: { date }, body: Buffer.from(body) }, Date.parse(date) - 5000);
}

test('what real naras answered', () => {
  const clockOffsetMs = 5000;
  expect(recorded('import-ok')).toEqual({
    kind: 'taken',
    imported: 6,
    duplicates: 0,
    warnings: 4,
    clockOffsetMs,
  });
  expect(recorded('import-duplicates')).toMatchObject({ kind: 'taken', imported: 0, duplicates: 6 });
  expect(recorded('import-unknown-svc')).toMatchObject({ kind: 'taken', imported: 0, duplicates: 1 });
  expect(recorded('403-wrong-soul')).toMatchObject({ kind: 'refused', error: { code: 'TARGET_WRONG_SOUL' } });
  expect(recorded('403-old')).toMatchObject({ kind: 'clock', clockOffsetMs: 400_586 });
  expect(recorded('405-import')).toMatchObject({ kind: 'no-nara', error: { code: 'TARGET_NO_NARA' } });
});

const failed = (error: string): string =>
  JSON.stringify({ success: false, imported: 0, duplicates: 0, error });
const old = 'Authentication failed: timestamp too old or in future: ';

test.each([
  [
    'a clock that is ahead',
    read(403, failed(`${old}-59.998663142s`)),
    { kind: 'clock', clockOffsetMs: -59_999 },
  ],
  ['by hours', read(403, failed(`${old}2h3m4.5s`)), { kind: 'clock', clockOffsetMs: 7_384_500 }],
  [
    'not said how much: by the date',
    read(403, failed(`${old}?`), { date: new Date(90_000).toUTCString() }, 30_000),
    { kind: 'clock', clockOffsetMs: 60_000 },
  ],
  ['not said at all', read(403, failed(`${old}?`)), { kind: 'clock', clockOffsetMs: undefined }],
  [
    'no JSON to the server',
    read(400, failed('Invalid JSON')),
    { kind: 'refused', error: { code: 'TARGET_REFUSED' } },
  ],
  ['a body too large', read(413, '<html>'), { kind: 'too-large' }],
  ['busy', read(503, ''), { kind: 'busy' }],
  ['too many', read(429, '{}'), { kind: 'busy' }],
  ['a proxy without its server', read(502, '<html>'), { kind: 'broken' }],
  ['a redirect', read(307, ''), { kind: 'moved' }],
  ['a web page', read(200, '<html>'), { kind: 'no-nara' }],
  ['JSON of somebody else', read(200, '{"success":true}'), { kind: 'no-nara' }],
  ['no success', read(200, failed('x')), { kind: 'no-nara' }],
  ['a 403 of somebody else', read(403, 'Forbidden'), { kind: 'no-nara' }],
  ['negative counts', read(200, '{"success":true,"imported":-1,"duplicates":0}'), { kind: 'no-nara' }],
])('%s', (_name, outcome, expected) => {
  expect(outcome).toMatchObject(expected);
});
