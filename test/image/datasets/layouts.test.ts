import { symlink } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { findCategories, readDataset } from "#uflow/image/datasets/index.js";
import { readMask } from "#uflow/image/mask.js";
import { npy, refusedDataset, scratchTree } from "./tree.js";

const tree = scratchTree();

describe("MVTec LOCO", () => {
  it("reads several masks per image, and the validation images", async () => {
    await tree.empty("train/good/0.png", "validation/good/1.png", "test/good/0.png");
    await tree.empty("test/logical_anomalies/0.png", "test/structural_anomalies/7.png");
    await tree.empty("ground_truth/logical_anomalies/0/000.png", "ground_truth/logical_anomalies/0/001.png");
    const { layout, validation, test } = await readDataset(tree.root);
    expect(layout).toBe("mvtec-loco");
    expect(tree.names(validation!)).toEqual(["validation/good/1.png"]);
    expect(test).toEqual([
      { path: tree.at("test/good/0.png"), defect: "good" },
      {
        path: tree.at("test/logical_anomalies/0.png"),
        defect: "logical_anomalies",
        mask: ["000.png", "001.png"].map((name) => tree.at(`ground_truth/logical_anomalies/0/${name}`)),
      },
      { path: tree.at("test/structural_anomalies/7.png"), defect: "structural_anomalies" },
    ]);
  });

  const entry = {
    defect_name: "nut",
    pixel_value: 254,
    saturation_threshold: 1240,
    relative_saturation: false,
  };
  const relative = { ...entry, pixel_value: 255, saturation_threshold: 0.75, relative_saturation: true };
  const loco = async (config: unknown) => {
    await tree.empty("test/good/0.png", "test/logical_anomalies/0.png");
    await tree.empty("ground_truth/logical_anomalies/0/000.png");
    await tree.write("defects_config.json", typeof config === "string" ? config : JSON.stringify(config));
    return readDataset(tree.root);
  };

  it("reads from which area on the regions of each grey saturate", async () => {
    const { test } = await loco([entry, relative]);
    expect(test[1]!.mask).toEqual({
      regions: [tree.at("ground_truth/logical_anomalies/0/000.png")],
      saturations: [
        { grey: 254, threshold: 1240, relative: false },
        { grey: 255, threshold: 0.75, relative: true },
      ],
    });
  });

  it.each([
    ["[", /JSON/],
    [{}, /array/],
    [[{ ...entry, pixel_value: 0 }], /pixel_value/],
    [[{ ...entry, saturation_threshold: 0 }], /saturation_threshold/],
    [[{ ...relative, saturation_threshold: 1.5 }], /at most 1 where it is relative/],
    [[entry, entry], /every pixel_value once/],
  ] as const)("refuses what does not say so: %j", async (config, message) => {
    await expect(loco(config)).rejects.toMatchObject(refusedDataset(message));
    await expect(loco(config)).rejects.toMatchObject(refusedDataset(/defects_config\.json/));
  });
});

describe("BTAD", () => {
  it("calls ok good and ko a defect, with masks of any format", async () => {
    await tree.empty("01/train/ok/0.bmp", "01/test/ok/1.bmp", "01/test/ko/2.bmp", "01/ground_truth/ko/2.png");
    await tree.empty("02/train/ok/0.png", "02/test/ko/0.png");
    expect((await findCategories(tree.root)).map(({ name, layout }) => [name, layout])).toEqual([
      ["01", "btad"],
      ["02", "btad"],
    ]);
    const { train, test } = await readDataset(tree.at("01"));
    expect(tree.names(train)).toEqual(["01/train/ok/0.bmp"]);
    expect(test).toContainEqual({
      path: tree.at("01/test/ko/2.bmp"),
      defect: "ko",
      mask: tree.at("01/ground_truth/ko/2.png"),
    });
    expect(test).toContainEqual({ path: tree.at("01/test/ok/1.bmp"), defect: "good" });
  });
});

describe("VisA", () => {
  const head = "object,split,label,image,mask\n";

  it("reads the split from the table beside the products; masks are labels", async () => {
    await tree.write(
      "split_csv/1cls.csv",
      `${head}candle,train,normal,candle/Data/Images/Normal/0.JPG,\nfryum,train,normal,fryum/x.JPG,\ncandle,test,normal,candle/Data/Images/Normal/1.JPG,\ncandle,test,anomaly,candle/Data/Images/Anomaly/0.JPG,candle/Data/Masks/Anomaly/0.png\n`,
    );
    await tree.grey(1, "candle/Data/Masks/Anomaly/0.png");
    await tree.empty("candle/Data/Images/Normal/0.JPG");
    expect(await findCategories(tree.root)).toEqual([
      { name: "candle", path: tree.at("candle"), layout: "visa" },
    ]);
    const { layout, train, test } = await readDataset(tree.at("candle"));
    expect([layout, ...tree.names(train)]).toEqual(["visa", "candle/Data/Images/Normal/0.JPG"]);
    expect(test.map(({ defect }) => defect)).toEqual(["good", "anomaly"]);
    const mask = await readMask(test[1]!.mask!, { width: 2, height: 2 });
    expect([...mask.data]).toEqual([1, 1, 1, 1]);
  });

  it("says that the table is missing, or lists nothing of the product", async () => {
    await tree.empty("candle/Data/Images/Normal/0.JPG");
    await expect(readDataset(tree.at("candle"))).rejects.toMatchObject(
      refusedDataset(/1cls\.csv.*VisA layout/),
    );
    await tree.write("split_csv/1cls.csv", `${head}fryum,train,normal,a,\n`);
    await expect(readDataset(tree.at("candle"))).rejects.toMatchObject(
      refusedDataset(/nothing for "candle"/),
    );
  });
});

describe("data sets of which only masks tell good from defective", () => {
  it("KolektorSDD: commutators set apart as a whole, all defective sides tested", async () => {
    const good = ["kos01/Part0", "kos01/Part1", "kos02/Part0", "kos03/Part0"];
    await tree.grey(0, ...good.map((name) => `${name}_label.bmp`));
    await tree.grey(255, "kos02/Part1_label.bmp");
    await tree.empty(...good.map((name) => `${name}.jpg`), "kos02/Part1.jpg");
    const { layout, train, test } = await readDataset(tree.root);
    expect(layout).toBe("kolektor");
    expect(tree.names(train)).toEqual(["kos02/Part0.jpg", "kos03/Part0.jpg"]);
    expect(test).toEqual([
      { path: tree.at("kos01/Part0.jpg"), defect: "good" },
      { path: tree.at("kos01/Part1.jpg"), defect: "good" },
      { path: tree.at("kos02/Part1.jpg"), defect: "crack", mask: tree.at("kos02/Part1_label.bmp") },
    ]);
  });

  it("KolektorSDD2: defective training images are left out", async () => {
    await tree.grey(0, "train/1_GT.png", "test/3_GT.png");
    await tree.grey(255, "train/2_GT.png", "test/4_GT.png");
    await tree.empty("train/1.png", "train/2.png", "test/3.png", "test/4.png");
    const { layout, train, test } = await readDataset(tree.root);
    expect([layout, ...tree.names(train)]).toEqual(["kolektor2", "train/1.png"]);
    expect(test.map(({ defect }) => defect)).toEqual(["good", "defect"]);
  });

  it("LGG-MRI: no patient is in both parts", async () => {
    const patients = ["TCGA_CS_1", "TCGA_CS_2", "TCGA_CS_10"];
    for (const patient of patients) {
      await tree.grey(0, `${patient}/${patient}_1_mask.tif`);
      await tree.grey(255, `${patient}/${patient}_2_mask.tif`);
      await tree.empty(`${patient}/${patient}_1.tif`, `${patient}/${patient}_2.tif`);
    }
    await tree.empty("data.csv");
    const { layout, train, test } = await readDataset(tree.root);
    expect(layout).toBe("lgg-mri");
    expect(tree.names(train)).toEqual(["TCGA_CS_2/TCGA_CS_2_1.tif", "TCGA_CS_10/TCGA_CS_10_1.tif"]);
    expect(test.map(({ path, defect }) => [...tree.names([path]), defect])).toEqual([
      ["TCGA_CS_1/TCGA_CS_1_1.tif", "good"],
      ["TCGA_CS_1/TCGA_CS_1_2.tif", "abnormal"],
    ]);
    expect((await readMask(test[1]!.mask!, { width: 1, height: 1 })).data[0]).toBe(1);
  });

  it("takes labels of 16 bits for a defect, however small they are", async () => {
    const label = await sharp(new Uint16Array(16).fill(1), { raw: { width: 4, height: 4, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    await tree.grey(0, "kos01/Part0_label.png");
    await tree.write("kos02/Part0_label.png", label);
    await tree.empty("kos01/Part0.jpg", "kos02/Part0.jpg");
    const { train, test } = await readDataset(tree.root);
    expect(train).toEqual([]);
    expect(test.map(({ defect }) => defect)).toEqual(["good", "crack"]);
  });

  it("names a mask that cannot be read", async () => {
    await tree.empty("kos01/Part0.jpg", "kos01/Part0_label.bmp");
    await expect(readDataset(tree.root)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_IMAGE",
      message: expect.stringMatching(/Part0_label\.bmp/),
    });
  });
});

it("magnetic tiles: exposures of one tile stay together", async () => {
  const tiles = [1, 2, 3, 4, 5, 6].flatMap((tile) => [`exp1_num_${tile}`, `exp2_num_${tile}`]);
  await tree.empty(...tiles.map((name) => `MT_Free/Imgs/${name}.jpg`));
  await tree.empty("MT_Free/Imgs/exp1_num_1.png");
  await tree.empty("MT_Blowhole/Imgs/a.jpg", "MT_Blowhole/Imgs/a.png", "MT_Crack/Imgs/b.jpg");
  const { layout, train, test } = await readDataset(tree.root);
  expect(layout).toBe("magnetic-tile");
  expect(train).toHaveLength(8);
  const good = test.filter(({ defect }) => defect === "good").map(({ path }) => path);
  expect(tree.names(good).sort()).toEqual(
    [1, 6].flatMap((tile) => [1, 2].map((exp) => `MT_Free/Imgs/exp${exp}_num_${tile}.jpg`)).sort(),
  );
  expect(test.slice(good.length)).toEqual([
    { path: tree.at("MT_Blowhole/Imgs/a.jpg"), defect: "blowhole", mask: tree.at("MT_Blowhole/Imgs/a.png") },
    { path: tree.at("MT_Crack/Imgs/b.jpg"), defect: "crack" },
  ]);
});

describe("ShanghaiTech", () => {
  const clip = async (labels: Uint8Array) => {
    await tree.empty(
      "training/frames/01_001/0.jpg",
      "testing/frames/01_0014/000.jpg",
      "testing/frames/01_0014/001.jpg",
    );
    await tree.write("testing/test_frame_mask/01_0014.npy", npy("|i1", [labels.length], labels));
  };

  it("takes labels and masks of frames from NumPy files", async () => {
    await clip(Uint8Array.of(0, 1));
    const pixels = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1);
    await tree.write("testing/test_pixel_mask/01_0014.npy", npy("|u1", [2, 2, 3], pixels));
    const { layout, train, test } = await readDataset(tree.root);
    expect([layout, ...tree.names(train)]).toEqual(["shanghaitech", "training/frames/01_001/0.jpg"]);
    const mask = { stack: tree.at("testing/test_pixel_mask/01_0014.npy"), frame: 1 };
    expect(test).toEqual([
      { path: tree.at("testing/frames/01_0014/000.jpg"), defect: "good" },
      { path: tree.at("testing/frames/01_0014/001.jpg"), defect: "anomalous", mask },
    ]);
    expect([...(await readMask(mask, { width: 3, height: 2 })).data]).toEqual([0, 1, 0, 1, 0, 1]);
    await expect(readMask({ ...mask, frame: 2 }, { width: 3, height: 2 })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_IMAGE",
      message: expect.stringMatching(/2 frames/),
    });
  });

  it("refuses labels that are not of this clip, and videos", async () => {
    await clip(Uint8Array.of(0, 1, 0));
    await expect(readDataset(tree.root)).rejects.toMatchObject(
      refusedDataset(/of 3 frames, and the clip has 2/),
    );
    await tree.write("testing/test_frame_mask/01_0014.npy", npy("|i1", [2], Uint8Array.of(0)));
    await expect(readDataset(tree.root)).rejects.toMatchObject(refusedDataset(/1 bytes of data.*says 2/));
    await tree.write("testing/test_frame_mask/01_0014.npy", npy("<f8", [2], new Uint8Array(16)));
    await expect(readDataset(tree.root)).rejects.toMatchObject(refusedDataset(/expected integers/));
    await tree.empty("v/training/videos/01_001.avi");
    await expect(readDataset(tree.at("v"))).rejects.toMatchObject(refusedDataset(/1 videos.*ffmpeg -i/));
  });
});

describe("findCategories", () => {
  it("takes the folder itself where it is one, else the folders in it", async () => {
    await tree.empty(
      "bottle/train/good/0.png",
      "cable/test/good/0.png",
      "notes/todo.txt",
      "photos/0.png",
      "logo.png",
    );
    await symlink(tree.root, tree.at("bottle/circle"));
    expect((await findCategories(tree.root)).map(({ name }) => name)).toEqual(["bottle", "cable"]);
    expect(await findCategories(tree.at("bottle"))).toEqual([
      { name: "bottle", path: tree.at("bottle"), layout: "mvtec" },
    ]);
    expect(await findCategories(tree.at("photos"))).toMatchObject([{ name: "photos", layout: "images" }]);
    expect(await findCategories(tree.root, { layout: "images" })).toMatchObject([{ path: tree.root }]);
  });

  it("says that there is none", async () => {
    await tree.empty("a/b/c/0.png");
    await expect(findCategories(tree.root)).rejects.toMatchObject(
      refusedDataset(/no category, but found the folders a/),
    );
    await expect(findCategories(tree.at("none"))).rejects.toMatchObject(refusedDataset(/does not exist/));
  });
});

describe("a layout that is named", () => {
  it("is taken, whatever the folder looks like", async () => {
    await tree.empty("train/good/0.png", "1.png");
    expect(await readDataset(tree.root, { layout: "images" })).toMatchObject({
      layout: "images",
      train: [join(tree.root, "1.png")],
    });
  });

  it("says what it expects", async () => {
    await tree.empty("1.png");
    await expect(readDataset(tree.root, { layout: "btad" })).rejects.toMatchObject(
      refusedDataset(/found 1 images.*BTAD layout, train\/ok/),
    );
    await expect(readDataset(tree.root, { layout: "coco" as "csv" })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
      message: expect.stringMatching(/layout.*"mvtec".*"coco"/),
    });
  });
});
