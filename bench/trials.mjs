// What is measured: a list of data. A trial is a task (tasks.mjs) on inputs; adding one is one line.
//   vectorized  also measured with the instruction sets below the best one
//   small       also measured with peers that take seconds for a few hundred pixels
//   note        what to know when comparing
import { energy } from "../dist/kernels/index.js";
import {
  calmMap,
  energiesFor,
  latent,
  latentsOf,
  noiseMap,
  randomImage,
  rawFrame,
  repeatedLatent,
  square,
} from "./inputs.mjs";

const tree = { tail: "chernoff", tests: "all" };
const exactTree = { tail: "exact", tests: "all" };
const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const treeOnly = "ours is tree, selection and clusters (nfaTree); scikit-image's is max_tree alone";
const noOpenCv = "OpenCV, which many would take for mosaics, is not among the peers";
const perValue = "ours is called from JavaScript once per value";
const oneScale = () => ({ latents: [latent(128, 28)], size: square(28) });

// biome-ignore format: a table
export const trials = [
  { name: "energy 816·112²", task: "energy", vectorized: true, inputs: () => ({ latents: [latent(816, 112)] }) },
  { name: "anomaly-map R18@448", task: "anomaly_map", vectorized: true, inputs: () => latentsOf("R18@448") },
  { name: "anomaly-map MS-CaiT@448", task: "anomaly_map", vectorized: true, inputs: () => latentsOf("MS-CaiT@448") },
  { name: "anomaly-map R18@256", task: "anomaly_map", vectorized: true, inputs: () => latentsOf("R18@256") },
  { name: "tree-nfa R18@448 chernoff", task: "tree_nfa", inputs: () => ({ ...latentsOf("R18@448"), ...tree }) },
  { name: "tree-nfa R18@448 exact", task: "tree_nfa", vectorized: true, inputs: () => ({ ...latentsOf("R18@448"), ...exactTree }) },
  { name: "tree-nfa MS-CaiT@448 chernoff", task: "tree_nfa", inputs: () => ({ ...latentsOf("MS-CaiT@448"), ...tree }) },
  { name: "tree-nfa R18@256 chernoff", task: "tree_nfa", inputs: () => ({ ...latentsOf("R18@256"), ...tree }) },
  { name: "component-tree 112²", task: "component_tree", note: treeOnly, inputs: () => ({ energy: energy(latent(84, 112)) }) },
  { name: "chi2-tail 10⁴ values, dof 84", task: "chi2_log_survival", note: perValue, inputs: () => ({ x: energiesFor(84, 1e4), dof: 84 }) },
  { name: "block-nfa R18@448 discrete", task: "block_nfa", vectorized: true, inputs: () => ({ ...latentsOf("R18@448"), kind: "discrete" }) },
  { name: "block-nfa R18@448 continuous", task: "block_nfa", inputs: () => ({ ...latentsOf("R18@448"), kind: "continuous" }) },
  { name: "block-nfa 128·28² continuous", task: "block_nfa", small: true, inputs: () => ({ ...oneScale(), kind: "continuous" }) },
  { name: "resample 900² → 448²", task: "resample", vectorized: true, inputs: () => ({ image: randomImage(900), size: square(448), ...imagenet }) },
  { name: "frame 1024² BayerRG8", task: "frame", vectorized: true, note: noOpenCv, inputs: () => rawFrame("BayerRG8", 8, 1024) },
  { name: "frame 1024² Mono12p", task: "frame", vectorized: true, inputs: () => rawFrame("Mono12p", 12, 1024) },
  { name: "frame 1024² Mono10p", task: "frame", vectorized: true, inputs: () => rawFrame("Mono10p", 10, 1024) },
  { name: "regions 448² calm", task: "regions", inputs: () => ({ log_nfa: calmMap(448) }) },
  { name: "regions 448² noise", task: "regions", inputs: () => ({ log_nfa: noiseMap(448) }) },
];

// How the time grows: ours alone, one scale. `inputs` is given a value of `at`; `x` says where it stands on the axis.
const oneOf = (channels, side) => ({ latents: [repeatedLatent(channels, side)], size: square(side) });
const byPixels = { along: "pixels", at: [28, 56, 112, 224, 448, 1024], x: (side) => side * side };
const byChannels = { along: "channels", at: [8, 32, 128, 512, 1024], x: (channels) => channels };

// biome-ignore format: a table
export const growthTrials = [
  { name: "growth energy pixels", task: "energy", ...byPixels, inputs: (side) => oneOf(16, side) },
  { name: "growth anomaly-map pixels", task: "anomaly_map", ...byPixels, inputs: (side) => oneOf(16, side) },
  { name: "growth tree-nfa pixels", task: "tree_nfa", ...byPixels, inputs: (side) => ({ ...oneOf(16, side), ...exactTree }) },
  { name: "growth block-nfa pixels", task: "block_nfa", ...byPixels, inputs: (side) => ({ ...oneOf(16, side), kind: "discrete" }) },
  { name: "growth regions pixels", task: "regions", ...byPixels, inputs: (side) => ({ log_nfa: calmMap(side) }) },
  { name: "growth energy channels", task: "energy", ...byChannels, inputs: (channels) => oneOf(channels, 56) },
  { name: "growth anomaly-map channels", task: "anomaly_map", ...byChannels, inputs: (channels) => oneOf(channels, 56) },
  { name: "growth tree-nfa channels", task: "tree_nfa", ...byChannels, inputs: (channels) => ({ ...oneOf(channels, 56), ...exactTree }) },
  { name: "growth block-nfa channels", task: "block_nfa", ...byChannels, inputs: (channels) => ({ ...oneOf(channels, 56), kind: "discrete" }) },
];
