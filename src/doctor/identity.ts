import { MeshBackupError } from '../errors.ts';
import { verifyBond } from '../identity/bond.ts';
import { deriveKeypair, type Keypair } from '../identity/keypair.ts';
import { naraId } from '../identity/nara-id.ts';
import { parseSoul, type Soul } from '../identity/soul.ts';
import { failedBy, type Check } from './check.ts';

const WHAT = 'identity';

/** Whether there is a soul, and whether it is the name's. `keypair` is there where it can sign at all. */
export async function checkIdentity(
  name: string | undefined,
  readSoul: () => Promise<string>,
): Promise<{ readonly check: Check; readonly keypair: Keypair | undefined }> {
  try {
    const soul = parseSoul(await readSoul());
    const keypair = deriveKeypair(soul);
    return { check: judge(soul, keypair, name), keypair };
  } catch (error) {
    if (!(error instanceof MeshBackupError)) throw error;
    return { check: failedBy(WHAT, error), keypair: undefined };
  }
}

function judge(soul: Soul, { publicKey }: Keypair, name: string | undefined): Check {
  if (name === undefined || name === '') {
    const text = `a soul with the key ${publicKey}, and no name to sign as`;
    return { what: WHAT, state: 'failure', text, advice: 'Name the nara with -name.' };
  }
  switch (verifyBond(soul, name)) {
    case 'bonded':
      return { what: WHAT, state: 'ok', text: `${name}, key ${publicKey}, ID ${naraId(soul, name)}` };
    case 'bare':
      return {
        what: WHAT,
        state: 'warning',
        text: `a bare seed with the key ${publicKey}: whether it is ${name}'s cannot be told`,
        advice: 'Take the soul of 54 or 55 characters that the nara prints when it starts.',
      };
    case 'foreign':
      return {
        what: WHAT,
        state: 'warning',
        text: `the soul (key ${publicKey}) was not made for the name ${name}`,
        advice: 'Peers know another key for that name. Is the name right, and the soul?',
      };
  }
}
