import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Requester } from './request-signing.ts';

const TIMEOUT_MS = 10_000;

/**
 * Answers `GET /ping` for a nara and nothing else. `mesh_ip` is empty: whoever asks keeps the address that it knows.
 * Source: specification, "Who does the receiver know?".
 */
export class PingResponder {
  readonly #server: Server;
  readonly #onAnswer = new WeakMap<Socket, () => void>();

  constructor({ name, keypair }: Requester) {
    const limits = {
      requestTimeout: TIMEOUT_MS,
      headersTimeout: TIMEOUT_MS,
      connectionsCheckingInterval: 1000,
    };
    this.#server = createServer(limits, (request, response) => {
      response.setHeader('connection', 'close');
      if (request.method !== 'GET' || request.url !== '/ping') {
        response.writeHead(404).end();
        return;
      }
      this.#onAnswer.get(request.socket)?.();
      const shown = JSON.stringify({ from: name, mesh_ip: '', public_key: keypair.publicKey });
      // Nanoseconds do not fit a number of JavaScript.
      const body = `${shown.slice(0, -1)},"t":${BigInt(Date.now()) * 1_000_000n}}\n`;
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(body);
    });
  }

  /** Speaks with whoever is at the other end of this connection; `onAnswer` is called before he is told the name. */
  serve(socket: Socket, onAnswer: () => void): void {
    this.#onAnswer.set(socket, onAnswer);
    this.#server.emit('connection', socket);
  }
}
