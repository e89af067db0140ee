/** What a key does. */
export interface Shortcut {
  /** `KeyboardEvent.key`; several do the same. */
  keys: readonly string[];
  text: string;
  action(): void;
}

const names: Record<string, string> = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", "-": "−" };

export const keyName = (key: string) => names[key] ?? key.toUpperCase();

/** Calls what belongs to a key, unless something has the focus that the key means more to. */
export function listen(shortcuts: readonly Shortcut[]): void {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest("dialog[open]") || needs(target, event.key)) return;
    const shortcut = shortcuts.find(({ keys }) =>
      keys.includes(event.key.length === 1 ? event.key.toLowerCase() : event.key),
    );
    if (!shortcut) return;
    event.preventDefault();
    shortcut.action();
  });
}

function needs(target: Element, key: string): boolean {
  if (target.matches("input[type=range]")) return key.length > 1;
  if (target.matches("input[type=checkbox], button, a, summary, label"))
    return key === " " || key === "Enter";
  return target.matches("input, select, textarea");
}
