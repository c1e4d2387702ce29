import { z } from 'zod';

/** What an answer can be shown to have handed out, and how that is said. docs/archive.md says what proves each. */
export const REASONS = {
  misfit: 'the id does not fit the content',
  'bad-signature': 'the signature is false under the key that should have made it',
  disorder: 'older than the event before it, in a page that goes on',
  'stripped-signature': 'without the signature that another copy bears',
  'stripped-voters': 'with fewer voters whose signatures verify than another copy has',
} as const;

export type ClaimClass = keyof typeof REASONS;

const CLASSES = Object.keys(REASONS) as [ClaimClass, ...ClaimClass[]];

/** A key that the better copy is good under, and the name or nara ID that it is said to be of. */
const OwnedKey = z.strictObject({ of: z.enum(['name', 'id']), owner: z.string(), key: z.string() });

export const Claim = z.strictObject({
  class: z.enum(CLASSES),
  reason: z.string(),
  /** Of the event in the answer's list, from 0. */
  index: z.number().int().nonnegative(),
  /** As the event has it, 200 characters at most. */
  id: z.string(),
  /** A copy of the event that shows what is missing or false: its bytes in Base64. */
  better: z.strictObject({ line: z.string(), keys: z.array(OwnedKey) }).optional(),
});

export type OwnedKey = z.infer<typeof OwnedKey>;
export type Claim = z.infer<typeof Claim>;

const MAX_SHOWN = 200;

export function claim(kind: ClaimClass, index: number, id: string, better?: Claim['better']): Claim {
  const said = { class: kind, reason: REASONS[kind], index, id: id.slice(0, MAX_SHOWN) };
  return better === undefined ? said : { ...said, better };
}
