import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { MeshBackupError } from '../errors.ts';
import { environmentWithoutSecrets } from '../mesh/secret-environment.ts';

const MAX_SECRET_BYTES = 4096;

/**
 * Reads a secret to its end and takes one line end off it. Throws `SECRET_UNREADABLE`; the message says `source` and
 * never shows a path or any content: who mistakes one flag for another names the secret where the path should be.
 */
export async function readSecret(bytes: AsyncIterable<Uint8Array>, source: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of bytes) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_SECRET_BYTES) break;
    }
  } catch (error) {
    throw unreadable(source, (error as NodeJS.ErrnoException).code ?? 'it cannot be read');
  }
  if (length > MAX_SECRET_BYTES) throw unreadable(source, `it is longer than ${MAX_SECRET_BYTES} bytes`);
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/** Reads a secret from a file or a pipe. Throws as {@link readSecret} does. */
export async function readSecretFile(path: string, source: string): Promise<string> {
  return readSecret(createReadStream(path, { highWaterMark: MAX_SECRET_BYTES + 1 }), source);
}

export interface SecretCommandSettings {
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Whether what the command says on stderr reaches the user. */
  readonly showStderr: boolean;
}

/**
 * Runs a command with the shell and reads the secret that it prints. It gets no stdin (that may be our data) and none
 * of our secrets, but stays in our process group: a password manager may have to ask on the terminal.
 * Throws as {@link readSecret} does, also when the command fails or takes too long.
 */
export async function readSecretCommand(
  command: string,
  source: string,
  settings: SecretCommandSettings,
): Promise<string> {
  settings.signal.throwIfAborted();
  const child = spawn(command, {
    shell: true,
    stdio: ['ignore', 'pipe', settings.showStderr ? 'inherit' : 'ignore'],
    env: environmentWithoutSecrets(settings.env),
  });
  let trouble: MeshBackupError | undefined;
  // Grandchildren may outlive the shell and hold its pipe open: what is left of the pipe is not waited for.
  const end = (why: MeshBackupError): void => {
    trouble ??= why;
    child.kill('SIGKILL');
    child.stdout.destroy();
  };
  const stop = (): void => {
    end(settings.signal.reason as MeshBackupError);
  };
  const timer = setTimeout(() => {
    end(unreadable(source, `it was not done after ${settings.timeoutMs / 1000} s`));
  }, settings.timeoutMs);
  settings.signal.addEventListener('abort', stop);
  const exited = new Promise<void>((resolve) => {
    child.on('error', () => {
      end(unreadable(source, 'the shell cannot be started'));
      resolve();
    });
    child.on('exit', (status, signal) => {
      if (status !== 0) end(unreadable(source, `it ended with ${signal ?? `status ${status ?? 'unknown'}`}`));
      resolve();
    });
  });
  try {
    const secret = await readSecret(child.stdout, source);
    await exited;
    if (trouble !== undefined) throw trouble;
    return secret;
  } catch (error) {
    throw trouble ?? error;
  } finally {
    child.kill('SIGKILL');
    clearTimeout(timer);
    settings.signal.removeEventListener('abort', stop);
  }
}

function unreadable(source: string, why: string): MeshBackupError {
  return new MeshBackupError('SECRET_UNREADABLE', `Cannot read the secret from ${source}: ${why}.`);
}
