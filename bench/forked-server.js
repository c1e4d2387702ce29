/** The driver's side of a server in a process of its own, which is asked by messages and ends with the driver. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

export class ForkedServer {
  #child;
  #ended;
  /** What it told of itself when it was ready. */
  described;

  /** Resolves once it listens, which it tells with its first message. */
  static async start(script, args = [], execArgv = []) {
    const server = new ForkedServer();
    server.#child = fork(script, args, { execArgv });
    server.#ended = once(server.#child, 'exit').then(([status]) => {
      throw new Error(`${script} ended with ${status}`);
    });
    server.described = await server.#nextMessage();
    return server;
  }

  async ask(message) {
    this.#child.send(message);
    return this.#nextMessage();
  }

  close() {
    this.#ended.catch(() => undefined); // now it is meant to end
    this.#child.disconnect();
  }

  async #nextMessage() {
    return (await Promise.race([once(this.#child, 'message'), this.#ended]))[0];
  }
}
