/**
 * A peer that works out each answer once, with the sandbox's own code, and keeps its bytes and their hash: to give it
 * again costs one signature and a write. It asks nobody for a signature: it is to be fast, and others test that.
 */
import { hash } from 'node:crypto';
import { answerCheckpoints } from '../dist/sandbox/checkpoints-endpoint.js';
import { Ledger } from '../dist/sandbox/ledger.js';
import { answerSync } from '../dist/sandbox/sync-endpoint.js';

export class PreparedPeer {
  /** How many answers were worked out. */
  prepared = 0;
  #identity;
  #ledger;
  #answers = new Map();

  constructor(identity, events) {
    this.#identity = identity;
    this.#ledger = new Ledger(events);
  }

  /** Headers and body; `path` is below the peer's URL and may have a query. */
  answer(method, path, requestBody) {
    const key = `${method} ${path} ${requestBody}`;
    let prepared = this.#answers.get(key);
    if (prepared === undefined) {
      prepared = this.#prepare(method, path, requestBody);
      this.prepared++;
      this.#answers.set(key, prepared);
    }
    const { type, body, digest } = prepared;
    const headers = { 'Content-Type': type, ...(digest !== undefined && this.#signatureOf(digest)) };
    return { headers, body };
  }

  #prepare(method, path, requestBody) {
    const { name, publicKey, sign } = this.#identity;
    const url = new URL(path, 'http://peer');
    const { events } = this.#ledger;
    const context = { name, faults: [], number: 1 };
    const type = 'application/json; charset=utf-8';
    switch (url.pathname) {
      case '/ping': {
        const pong = { from: name, mesh_ip: '100.64.0.1', public_key: publicKey, t: Date.now() * 1e6 };
        return { type, body: Buffer.from(`${JSON.stringify(pong)}\n`) };
      }
      case '/api/checkpoints/all':
        return {
          type,
          body: answerCheckpoints({ method, query: url.searchParams }, { ...context, events }).body,
        };
      case '/events/sync': {
        const nowNs = BigInt(Date.now()) * 1_000_000n;
        const syncContext = {
          ...context,
          ledger: this.#ledger,
          nowNs,
          sign,
          countAnswer: () => 1,
          memory: {},
        };
        const { status, body } = answerSync({ method, body: requestBody }, syncContext);
        if (status !== 200) throw new Error(`status ${status} for ${requestBody}`);
        return { type, body, digest: hash('sha256', body, 'base64') };
      }
      default:
        throw new Error(`nobody asks for ${path}`);
    }
  }

  #signatureOf(digest) {
    const { name, sign } = this.#identity;
    const timestamp = String(Date.now());
    return {
      'X-Nara-Name': name,
      'X-Nara-Signature': sign(Buffer.from(name + timestamp + digest)),
      'X-Nara-Timestamp': timestamp,
    };
  }
}
