import { callerByHeader, CallServer, type OnCall } from './call-server.ts';
import { daemonFailed } from './daemon-failure.ts';
import type { LocalApi } from './local-api.ts';

/**
 * Lets the mesh call us on one port. A tailscaled of our own hands EVERY port that is called to 127.0.0.1, so its
 * shields are up always, and down only while it forwards one port and somebody waits for a call.
 */
export class Receiver {
  readonly #api: LocalApi;
  readonly #onStuck: () => Promise<void>;
  #server: CallServer | undefined;
  #areShieldsDown = false;

  /** `onStuck` is called, and waited for, when shields that are to be up cannot be raised: it ends tailscaled. */
  constructor(api: LocalApi, onStuck: () => Promise<void>) {
    this.#api = api;
    this.#onStuck = onStuck;
  }

  /** Throws `MESH_DAEMON`, and an `Error` for a second port at a time. */
  async open(onCall: OnCall, port: number): Promise<() => Promise<void>> {
    if (this.#server !== undefined) throw new Error('one port at a time is called over the mesh');
    const server = new CallServer(onCall, callerByHeader);
    this.#server = server;
    try {
      const local = await server.listen(0, '127.0.0.1').catch((cause: unknown) => {
        throw daemonFailed('nothing can listen on 127.0.0.1.', { cause });
      });
      const forward = { TCPForward: `127.0.0.1:${local}`, ProxyProtocol: 1 } as const;
      await this.#api.setServeConfig({ TCP: { [port]: forward } });
      this.#areShieldsDown = true; // they may be, from now on
      await this.#api.setShields(false);
    } catch (error) {
      await this.close().catch(() => undefined); // the first error says more
      throw error;
    }
    let closing: Promise<void> | undefined;
    return () => (closing ??= this.close());
  }

  /**
   * Shields first: whatever else fails, nobody comes in then. Throws `MESH_DAEMON` where they could not be raised; then
   * tailscaled was ended.
   */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    try {
      if (this.#areShieldsDown) await this.#raiseShields();
      // What it leads to is closed now, and nobody comes that far.
      await this.#api.setServeConfig({}).catch(() => undefined);
    } finally {
      await server.close();
      this.#server = undefined;
    }
  }

  async #raiseShields(): Promise<void> {
    try {
      await this.#api.setShields(true);
      this.#areShieldsDown = false;
    } catch (error) {
      this.#areShieldsDown = false;
      await this.#onStuck();
      throw error;
    }
  }
}
