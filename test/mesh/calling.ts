import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** Says this to a port of 127.0.0.1 and resolves to all that comes back; '' where it is cut off. */
export async function say(port: number, words: string, localAddress = '127.0.0.1'): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  try {
    await once(socket, 'connect');
    socket.write(words);
    return await text(socket);
  } catch {
    return '';
  } finally {
    socket.destroy();
  }
}

/** As tailscaled begins what it forwards for a caller. */
export function proxyHeader(caller: string): string {
  return `PROXY TCP4 ${caller} 100.64.0.9 33746 7433\r\n`;
}

/** Whether anybody listens there. */
export async function isOpen(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
