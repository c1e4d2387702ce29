import { MeshBackupError } from '../errors.ts';
import type { HttpAnswer } from '../mesh/http.ts';
import { scrub } from '../mesh/scrub.ts';
import { compactJson, stringOf } from './json-parts.ts';
import { parseAnswer } from './parse-answer.ts';

const MAX_DETAIL = 500;

/**
 * Nothing where the status is 200. Throws `NODE_REFUSED` where the node says that it does not like the key or the
 * question, `NODE_ANSWER` for all else. What it says is shown, but never the key, should it repeat that.
 */
export function judgeStatus(answer: HttpAnswer, path: string, apiKey: string | undefined): void {
  const { status } = answer;
  if (status === 200) return;
  const detail = detailOf(answer.body);
  const said = `HTTP ${status}${detail === undefined ? '' : `: ${scrub(detail, apiKey ?? '')}`}`;
  if (status === 401 || status === 403) {
    const hint =
      apiKey === undefined
        ? 'Give the key of somebody who may read there: --api-key-file FILE, or STIGMEM_API_KEY.'
        : 'Is it the key of somebody who may read there?';
    throw new MeshBackupError('NODE_REFUSED', `The node does not let us in: ${said}`, { hint });
  }
  if ((status === 400 || status === 422) && detail !== undefined) {
    throw new MeshBackupError('NODE_REFUSED', `The node refuses the question: ${said}`, {
      hint: 'Does it know this scope, these entities, and pages of this --limit?',
    });
  }
  if (status >= 300 && status < 400) {
    throw notOfNode(
      `a redirect, which is not followed: ${said}`,
      'Give the address of the node itself (--node-url).',
    );
  }
  throw notOfNode(`${said} to ${path.replace(/\?.*/s, '')}`);
}

/** What answers is no such node, or does not behave as one; `said` is what came instead. */
export function notOfNode(
  said: string,
  hint = 'Is it the URL of a Stigmem node (--node-url, STIGMEM_URL)?',
): MeshBackupError {
  return new MeshBackupError('NODE_ANSWER', `What answers there is no answer of a Stigmem node: ${said}`, {
    hint,
  });
}

/** The node's own word for what is wrong: a sentence, or JSON about the parameters. `undefined` where there is none. */
function detailOf(body: Buffer): string | undefined {
  return parseAnswer(body, (members) => {
    const detail = members.get('detail');
    return detail && (stringOf(detail) ?? compactJson(detail)).slice(0, MAX_DETAIL);
  });
}
