/** Markup that may stand in a page as it is. Only `html` and, for what is no text, `markup` make it. */
export class Html {
  constructor(private readonly source: string) {}

  toString(): string {
    return this.source;
  }
}

/** What a template may hold: text is escaped, markup is not, of a list every item is put in; null is nothing. */
export type Content = Html | string | number | null | readonly Content[];

/**
 * A template whose values are escaped, so that names and messages, which may hold anything, stay text: in elements and
 * in quoted attributes. Not for values inside of `<style>` or `<script>`, nor for addresses that are not our own.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(strings.map((piece, i) => (i === 0 ? piece : render(values[i - 1]!) + piece)).join(""));
}

/** Declares text to be markup: style sheets and what a library has drawn. */
export const markup = (source: string) => new Html(source);

function render(content: Content): string {
  if (content === null) return "";
  if (content instanceof Html) return content.toString();
  if (Array.isArray(content)) return content.map(render).join("");
  return String(content).replace(/[&<>"']/g, (character) => entities[character]!);
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A name from outside, such as that of a file: its writing direction cannot reorder the text around it. */
export const name = (text: string) => html`<bdi>${text}</bdi>`;
