import { join } from "node:path";
import { NpyFrames } from "../../input/npy-frames.js";
import { goodKind, type Layout, type TestImage } from "./dataset.js";
import { badDataset, type Folder, imagesOf, isFile, listFolder, listInside } from "./folder.js";

/**
 * ShanghaiTech Campus: videos of a campus. Those for training come as .avi, of which frames must be made first; those for
 * testing come as frames, with one NumPy file per clip that says which frames are anomalous, and one that says where.
 */
export const shanghaitech: Layout = {
  expects:
    "the ShanghaiTech layout, training/frames/<clip>/*, testing/frames/<clip>/*, testing/test_frame_mask/<clip>.npy and testing/test_pixel_mask/<clip>.npy",
  matches: ({ folders }) => folders.includes("training") || folders.includes("testing"),
  read: async (root) => ({ train: await readTraining(root), test: await readTesting(root) }),
};

async function readTraining(root: Folder): Promise<string[]> {
  const { path, folders } = await listInside(root, "training", "frames");
  if (folders.length > 0) return (await Promise.all(folders.map((clip) => framesOf(path, clip)))).flat();
  const { others } = await listInside(root, "training", "videos");
  if (others.length === 0) return [];
  const [video] = others;
  const clip = video!.replace(/\.\w+$/, "");
  throw badDataset(
    root.path,
    `training/videos holds ${others.length} videos, and videos are not read. Make frames of each, for example with ffmpeg -i training/videos/${video} training/frames/${clip}/%03d.jpg (in a folder that exists)`,
  );
}

const framesOf = async (path: string, clip: string) => imagesOf(await listFolder(join(path, clip)));

async function readTesting(root: Folder): Promise<TestImage[]> {
  const { path, folders } = await listInside(root, "testing", "frames");
  const clips = folders.map(async (clip) =>
    readClip(join(root.path, "testing"), clip, await framesOf(path, clip)),
  );
  return (await Promise.all(clips)).flat();
}

async function readClip(testing: string, clip: string, frames: readonly string[]): Promise<TestImage[]> {
  const labels = join(testing, "test_frame_mask", `${clip}.npy`);
  await using file = await NpyFrames.open(labels, (reason, cause) =>
    badDataset(testing, `${labels} does not say which frames are anomalous: ${reason}`, cause),
  );
  const anomalous = await file.readAll();
  if (anomalous.length !== frames.length) {
    throw badDataset(
      testing,
      `${labels} is of ${anomalous.length} frames, and the clip has ${frames.length}`,
    );
  }
  const stack = join(testing, "test_pixel_mask", `${clip}.npy`);
  const hasPixels = await isFile(stack);
  return frames.map((path, frame) => {
    if (!anomalous[frame]) return { path, defect: goodKind };
    return { path, defect: "anomalous", ...(hasPixels && { mask: { stack, frame } }) };
  });
}
