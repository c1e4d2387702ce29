/** A moment as it can stand in a file's name, to the second: `20261121T234837Z`. */
export function timeInName(moment: Date): string {
  return moment.toISOString().replace(/[-:]|\.\d+/g, '');
}
