/** What a job gives, unless it is not done when the signal comes: then nobody waits for it. Throws the signal's reason. */
export async function unlessAborted<T>(job: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(signal.reason as Error);
    };
  });
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([aborted, job]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
