import { plainStatus, type Answer } from './answer.ts';

/** What a nara says that fails each `every`th time, at time number `number`: a reset, 503, 429 in turn. */
export function stumble(number: number, every: number): Answer | undefined {
  if (number % every !== 0) return undefined;
  const turn = (number / every) % 3;
  if (turn === 1) return { ...plainStatus(503), delivery: 'reset' };
  return turn === 2 ? plainStatus(503) : comeAgain(429);
}

/** A status that lets the client come again at once. */
export function comeAgain(status: number): Answer {
  const answer = plainStatus(status);
  return { ...answer, headers: [...answer.headers, ['Retry-After', '0']] };
}
