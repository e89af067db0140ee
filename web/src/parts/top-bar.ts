import { h } from "../element.ts";
import { age, fixed } from "../format.ts";
import type { Line } from "../line.ts";
import { type Sign, verdictIcon, words } from "../verdict.ts";

/** Always there, whatever is looked at: the newest verdict, how fast they come, whether the service is heard. */
export class TopBar extends HTMLElement {
  private readonly badge = h("p", { class: "badge" });
  private readonly speed = h("p", { class: "speed" });
  private readonly pause = h("button", {
    type: "button",
    title: "Space",
    click: () => this.line.follow(!this.line.following),
  });

  constructor(
    private readonly line: Line,
    private readonly views: HTMLElement,
    private readonly actions: readonly { text: string; title: string; action: () => void }[],
  ) {
    super();
  }

  connectedCallback(): void {
    this.append(
      h("h1", {}, "uflow"),
      this.views,
      this.badge,
      this.speed,
      h(
        "div",
        { class: "actions" },
        this.pause,
        ...this.actions.map(({ text, title, action }) =>
          h("button", { type: "button", title, click: action }, text),
        ),
      ),
    );
    this.line.on(["results", "connection", "stats"], () => this.show());
    this.line.on(["shown"], () => {
      this.pause.textContent = this.line.following ? "Pause" : "Go live";
      this.pause.classList.toggle("action", !this.line.following);
    });
  }

  private show(): void {
    const { newest, connection, age: seconds } = this.line;
    const sign: Sign = connection !== "live" ? "stale" : (newest?.verdict ?? "waiting");
    this.badge.className = `badge ${sign}`;
    this.badge.replaceChildren(
      verdictIcon(sign),
      words[sign],
      seconds > 10 && sign !== "stale" ? ` ${age(seconds)} ago` : "",
    );
    const latest = this.line.stats.at(-1);
    const models = latest && connection === "live" ? Object.values(latest.models) : [];
    const throughput = models.reduce((sum, stats) => sum + stats.throughput, 0);
    const queued = models.reduce((sum, stats) => sum + stats.queued, 0);
    this.speed.textContent = models.length > 0 ? `${fixed(throughput, 1)} /s · queue ${queued}` : "";
  }
}

customElements.define("uflow-bar", TopBar);
