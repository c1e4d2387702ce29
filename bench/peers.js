/** The driver's side of a peer server (peer-server.js). */
import { fork } from 'node:child_process';
import { once } from 'node:events';

const SERVER = new URL('peer-server.js', import.meta.url);

export class Peers {
  #child;
  #ended;
  #described;

  /** Resolves once they listen. `name` and `soul` are whom to dump as, `meshes` what there is to dump. */
  static async start(meshes) {
    const peers = new Peers();
    peers.#child = fork(SERVER, [JSON.stringify(meshes)], { execArgv: ['--max-old-space-size=5000'] });
    peers.#ended = once(peers.#child, 'exit').then(([status]) => {
      throw new Error(`the peers ended with ${status}`);
    });
    peers.#described = await peers.#nextMessage();
    return peers;
  }

  get owner() {
    const { name, soul } = this.#described;
    return { name, soul };
  }

  /** URLs of its peers, how many events they give together, and how many different ones. */
  mesh(name) {
    return this.#described.meshes[name];
  }

  /** What they were asked since the last report, and what that took. */
  async report() {
    this.#child.send('report');
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
