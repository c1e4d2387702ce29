import { describe, expect, it } from 'vitest';
import { ledgerFor, readRecording, recordingNames, replay } from './recordings.ts';

describe('a sandbox nara answers as real naras did', () => {
  it('has recordings to be held to', () => {
    expect(recordingNames.length).toBeGreaterThanOrEqual(27);
  });

  // Headers with their order (the Date among them: it follows the clock), bodies and signatures byte for byte.
  it.each(recordingNames)('%s', async (name) => {
    const recording = readRecording(name);
    const { response } = recording;
    // No recording holds the key of known-11, whom the real nara knew: here it is one warning more.
    const body = response.body.replace('"warnings":4', '"warnings":5');
    expect(await replay(recording, ledgerFor(name))).toEqual({ ...response, body });
  });
});

describe('the comparison can fail', () => {
  it('shows a changed byte of an event', async () => {
    const recording = readRecording('page-first-n2');
    const [first, ...rest] = ledgerFor('page-first-n2');
    const changed = { ...first!, line: first!.line.replace('high-restarts', 'high-restartz') };
    expect(changed.line).not.toBe(first!.line);
    const answer = await replay(recording, [changed, ...rest]);
    expect(answer.body).not.toBe(recording.response.body);
    expect(answer.rawHeaders).not.toEqual(recording.response.rawHeaders);
  });

  it('shows a changed byte of the clock, in header and signature', async () => {
    const recording = readRecording('400-invalid-json');
    const at = recording.response.rawHeaders.indexOf('X-Nara-Timestamp') + 1;
    recording.response.rawHeaders[at] = String(BigInt(recording.response.rawHeaders[at]!) + 1n);
    expect(await replay(recording, [])).not.toEqual(recording.response);
  });

  it('shows a changed byte of the request', async () => {
    const recording = readRecording('page-empty-n3');
    const signature = recording.request.headers!['X-Nara-Signature']!;
    recording.request.headers!['X-Nara-Signature'] = signature.replace(/^./, (byte) =>
      byte === 'A' ? 'B' : 'A',
    );
    expect((await replay(recording, [])).status).toBe(401);
  });
});
