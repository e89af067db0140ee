import { loadAddon } from "./addon.js";
import type { FreedMemory } from "./types.js";

const addon = loadAddon();

export const keepFreedMemory: FreedMemory["keepFreedMemory"] = addon.keepFreedMemory;
export const releaseFreedMemory: FreedMemory["releaseFreedMemory"] = addon.releaseFreedMemory;
