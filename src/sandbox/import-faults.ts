import { plainStatus, type Answer, type Delivery } from './answer.ts';
import { findFault, type Fault, type FaultKind } from './faults.ts';
import { comeAgain, stumble } from './stumble.ts';

/** What comes instead of an import whose body has so many bytes, whatever is in it. */
export function refuseBody(faults: readonly Fault[], bytes: number): Answer | undefined {
  return bytes > (findFault(faults, 'body-limit')?.amount ?? Infinity)
    ? webPage(413, 'Request Entity Too Large')
    : undefined;
}

/** What comes instead of import number `number` (1-based, of those that hold events): nothing of it is stored. */
export function refuseImport(faults: readonly Fault[], number: number): Answer | undefined {
  const refused = findFault(faults, 'refuse', number);
  if (refused !== undefined) {
    const { amount } = refused;
    return amount === 429 || amount === 503 ? comeAgain(amount) : plainStatus(amount);
  }
  if (findFault(faults, 'freeze', number)) return { ...plainStatus(503), delivery: 'hang' };
  if (isHit(faults, 'drop', number)) return { ...plainStatus(503), delivery: 'reset' };
  return stumble(number, findFault(faults, 'busy')?.amount ?? Infinity);
}

/** How the answer to import number `number` gets there, once it is stored. */
export function importDelivery(faults: readonly Fault[], number: number): Delivery {
  if (isHit(faults, 'lost-answer', number)) return 'drop';
  return isHit(faults, 'no-answer', number) ? 'hang' : 'whole';
}

/** A web server's own page. */
export function webPage(status: number, title: string): Answer {
  return {
    status,
    headers: [['Content-Type', 'text/html; charset=utf-8']],
    body: Buffer.from(
      `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body></body>\r\n</html>\r\n`,
    ),
  };
}

function isHit(faults: readonly Fault[], kind: FaultKind, number: number): boolean {
  return faults.some((fault) => fault.kind === kind && fault.amount === number);
}
