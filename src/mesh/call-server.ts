import { once } from 'node:events';
import { createServer, isIP, type AddressInfo, type Server, type Socket } from 'node:net';

/** Takes a connection that came over the mesh, from this address there; nothing was read of it yet. */
export type OnCall = (socket: Socket, caller: string) => void;

/** How a connection tells who calls; `undefined`: it does not. */
export type ReadCaller = (socket: Socket) => Promise<string | undefined>;

/** Listens for calls over the mesh. Who does not tell where he calls from is cut off. */
export class CallServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(onCall: OnCall, readCaller: ReadCaller) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
      void readCaller(socket).then((caller) => {
        if (caller === undefined || socket.destroyed) socket.destroy();
        else onCall(socket, caller);
      });
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** On any free port for 0; resolves to the port. Throws the system's error. */
  async listen(port: number, host: string): Promise<number> {
    this.#server.listen({ port, host, exclusive: true });
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stops listening and cuts what is connected; does nothing where it does not listen. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}

const MAX_CONNECTIONS = 64;

/** The other end of the connection itself. */
export const callerBySocket: ReadCaller = ({ remoteAddress }) =>
  Promise.resolve(remoteAddress?.replace(/^::ffff:/, ''));

/** With its line end, by the specification of the protocol. */
const MAX_HEADER_BYTES = 107;
const HEADER_MS = 5_000;
const HEADER = /^PROXY TCP[46] (\S+) \S+ \d+ \d+\r\n$/;

/** As a tailscaled says it that forwards: by a line of the PROXY protocol, version 1, before all else. */
export const callerByHeader: ReadCaller = async (socket) => {
  const signal = AbortSignal.timeout(HEADER_MS);
  let header = '';
  try {
    while (!header.endsWith('\n') && header.length < MAX_HEADER_BYTES) {
      // Byte by byte: what comes behind the line is not ours to read.
      const byte = socket.read(1) as Buffer | null;
      if (byte === null) await once(socket, 'readable', { signal });
      else header += byte.toString('latin1');
    }
  } catch {
    return undefined;
  }
  const caller = HEADER.exec(header)?.[1];
  return caller !== undefined && isIP(caller) !== 0 ? caller : undefined;
};
