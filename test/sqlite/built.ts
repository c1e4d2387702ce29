/** As others see it: the room as it was built. */
export const BUILT = new URL('../../dist/sqlite/', import.meta.url).href;
