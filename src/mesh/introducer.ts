import type { OnCall } from './call-server.ts';
import type { Membership } from './membership.ts';
import { PingResponder } from './ping-responder.ts';
import type { Requester } from './request-signing.ts';

/** Where naras look for the `/ping` of whoever calls them, whatever port they listen on themselves. */
const CALL_BACK_PORT = 7433;
/** Two looks around of 45 s each, and what comes between them. */
const MAX_OPEN_MS = 100_000;

/**
 * Lets peers that do not know a nara ask us for its key: `/ping` is answered on our address of the mesh while at least
 * one peer is being introduced, at no other time, and to nobody else.
 */
export class Introducer {
  readonly #membership: Pick<Membership, 'receive'>;
  readonly #responder: PingResponder;
  /** The addresses of those who may ask, and who is told when they did. */
  readonly #welcome = new Map<string, () => void>();
  /** Opening and closing, one after the other. */
  #door: Promise<(() => Promise<void>) | undefined> = Promise.resolve(undefined);

  constructor(membership: Pick<Membership, 'receive'>, requester: Requester) {
    this.#membership = membership;
    this.#responder = new PingResponder(requester);
  }

  /**
   * Does something while the peer at this address may ask, for 100 s at most; `onTold` is called each time that it is
   * told. Throws what `Membership.receive` and `job` throw.
   */
  async during<T>(address: string, job: () => Promise<T>, onTold: () => void): Promise<T> {
    this.#welcome.set(address, onTold);
    const timer = setTimeout(() => {
      this.#end(address).catch(() => undefined); // whoever waits for the job hears of it
    }, MAX_OPEN_MS);
    try {
      await this.#settle();
      return await job();
    } finally {
      clearTimeout(timer);
      await this.#end(address);
    }
  }

  async #end(address: string): Promise<void> {
    this.#welcome.delete(address);
    await this.#settle();
  }

  /** Opens or closes, as is wanted once all before it is done. */
  async #settle(): Promise<void> {
    this.#door = this.#door.catch(() => undefined).then((close) => this.#openOrClose(close));
    await this.#door;
  }

  async #openOrClose(close: (() => Promise<void>) | undefined): Promise<(() => Promise<void>) | undefined> {
    if (this.#welcome.size > 0) {
      return close ?? this.#membership.receive(this.#answer, CALL_BACK_PORT);
    }
    await close?.();
    return undefined;
  }

  readonly #answer: OnCall = (socket, caller) => {
    const onTold = this.#welcome.get(caller);
    if (onTold === undefined) socket.destroy();
    else this.#responder.serve(socket, onTold);
  };
}
