import { printable } from './printable.ts';

const STYLES = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' } as const;

/** Long enough for a path and a reason, still one paragraph. */
const MAX_PARAGRAPH_CHARACTERS = 1000;

export type Style = keyof typeof STYLES;

interface Segment {
  readonly text: string;
  readonly style?: Style;
}

/**
 * A line for people that is safe to print. Only the functions below make one, and all that they are given
 * goes through `printable`, so a command's author cannot forget it: what prints takes a `Line`, never a string.
 */
export class Line {
  readonly #segments: readonly Segment[];

  private constructor(segments: readonly Segment[]) {
    this.#segments = segments;
  }

  static ofTemplate(literals: readonly string[], values: readonly (string | number | bigint | Line)[]): Line {
    return new Line(
      literals.flatMap((literal, index) => {
        const value = values[index];
        if (value === undefined) return [{ text: literal }];
        return [
          { text: literal },
          ...(value instanceof Line ? value.#segments : [{ text: printable(`${value}`) }]),
        ];
      }),
    );
  }

  static ofParagraph(text: string): Line {
    return new Line([{ text: printable(text, MAX_PARAGRAPH_CHARACTERS) }]);
  }

  /** What is styled already inside keeps its own style. */
  withStyle(style: Style): Line {
    return new Line(this.#segments.map((segment) => ({ style, ...segment })));
  }

  /** The text without a line end, with ANSI colours or without. */
  render(colour: boolean): string {
    return this.#segments
      .filter(({ text }) => text !== '')
      .map(({ text, style }) =>
        colour && style !== undefined ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text,
      )
      .join('');
  }
}

/** Makes a {@link Line}: `` line`Failed to fetch from ${name}: ${reason}` ``. Every value is shown printable. */
export function line(literals: TemplateStringsArray, ...values: (string | number | bigint | Line)[]): Line {
  return Line.ofTemplate(literals, values);
}

/** A part of a line in a style, where the stream has colours. */
export function styled(style: Style, part: Line | string | number): Line {
  return (part instanceof Line ? part : line`${part}`).withStyle(style);
}

/** A sentence or two as a line, for error messages and hints: untrusted like any value, but with more room. */
export function paragraph(text: string): Line {
  return Line.ofParagraph(text);
}
