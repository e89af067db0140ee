import "../style/palette.css";
import "../style/base.css";
import "../style/page.css";
import { announce } from "./announcer.ts";
import { h } from "./element.ts";
import { Line } from "./line.ts";
import { ConnectionBanner } from "./parts/connection-banner.ts";
import { DriftPanel } from "./parts/drift-panel.ts";
import { EpsilonSlider } from "./parts/epsilon-slider.ts";
import { FrameFacts } from "./parts/frame-facts.ts";
import { FrameStrip } from "./parts/frame-strip.ts";
import { HistoryList } from "./parts/history-list.ts";
import { KeyDialog } from "./parts/key-dialog.ts";
import { ModelList } from "./parts/model-list.ts";
import { PictureStage } from "./parts/picture-stage.ts";
import { ShortcutDialog } from "./parts/shortcut-dialog.ts";
import { SpeedCharts } from "./parts/speed-charts.ts";
import { TopBar } from "./parts/top-bar.ts";
import { UploadDialog } from "./parts/upload-dialog.ts";
import { VerdictSign } from "./parts/verdict-sign.ts";
import { listen, type Shortcut } from "./shortcuts.ts";
import { toggleTheme } from "./theme.ts";
import { Views } from "./views.ts";

const line = new Line();
const stage = new PictureStage(line);
const slider = new EpsilonSlider(line);
const history = new HistoryList(line, (result) => {
  line.show(result);
  views.show("line");
});
const upload = new UploadDialog(line);

const views = new Views([
  {
    id: "line",
    name: "Line",
    content: [
      stage,
      h("aside", {}, new VerdictSign(line), new FrameFacts(line), slider),
      new FrameStrip(line),
    ],
  },
  { id: "history", name: "History", content: [history], opened: () => history.first() },
  { id: "health", name: "Health", content: [new SpeedCharts(line), new DriftPanel(line)] },
  { id: "models", name: "Models", content: [new ModelList(line)] },
]);

const shortcuts: Shortcut[] = [
  ...views.names.map(({ id, name }, i) => ({
    keys: [String(i + 1)],
    text: name,
    action: () => views.show(id),
  })),
  {
    keys: [" ", "p"],
    text: "Pause, or go on with the newest frame",
    action: () => line.follow(!line.following),
  },
  { keys: ["ArrowLeft"], text: "Newer frame", action: () => line.step(1) },
  { keys: ["ArrowRight"], text: "Older frame", action: () => line.step(-1) },
  { keys: ["h"], text: "Heat map on or off", action: () => stage.toggleHeat() },
  { keys: [","], text: "Heat map weaker", action: () => stage.strengthen(-1) },
  { keys: ["."], text: "Heat map stronger", action: () => stage.strengthen(1) },
  { keys: ["c"], text: "Contours on or off", action: () => stage.toggleContours() },
  { keys: ["-"], text: "Try a smaller ε", action: () => slider.move(-1) },
  { keys: ["+", "="], text: "Try a larger ε", action: () => slider.move(1) },
  { keys: ["0"], text: "Back to the operating point", action: () => slider.reset() },
  { keys: ["u"], text: "Inspect images", action: () => upload.open() },
  { keys: ["/"], text: "Look for an image by its name", action: () => findByName() },
  { keys: ["r"], text: "History from the newest on", action: () => history.first() },
  { keys: ["n"], text: "Older page of the history", action: () => history.turn(1) },
  { keys: ["b"], text: "Newer page of the history", action: () => history.turn(-1) },
  { keys: ["d"], text: "Light or dark", action: toggleTheme },
  { keys: ["?"], text: "These keys", action: () => keys.open() },
];
const keys = new ShortcutDialog(shortcuts);

function findByName(): void {
  views.show("history");
  history.focusText();
}

document.body.append(
  new TopBar(line, views.tabs, [
    { text: "Inspect …", title: "Key U", action: () => upload.open() },
    { text: "Keys", title: "Key ?", action: () => keys.open() },
  ]),
  new ConnectionBanner(line),
  views.main,
  announce(line),
  upload,
  keys,
  new KeyDialog(line),
);
listen(shortcuts);
line.start();
