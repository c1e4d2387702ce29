/** The driver's side of a peer server (peer-server.js). */
import { ForkedServer } from './forked-server.js';

const SERVER = new URL('peer-server.js', import.meta.url);

export class Peers {
  #server;

  /** Resolves once they listen. `name` and `soul` are whom to dump as, `meshes` what there is to dump. */
  static async start(meshes) {
    const peers = new Peers();
    peers.#server = await ForkedServer.start(SERVER, [JSON.stringify(meshes)], ['--max-old-space-size=5000']);
    return peers;
  }

  get owner() {
    const { name, soul } = this.#server.described;
    return { name, soul };
  }

  /** URLs of its peers, how many events they give together, and how many different ones. */
  mesh(name) {
    return this.#server.described.meshes[name];
  }

  /** What they were asked since the last report, and what that took. */
  report() {
    return this.#server.ask('report');
  }

  close() {
    this.#server.close();
  }
}
