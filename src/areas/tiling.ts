import { UflowError } from "../error.js";
import type { Size } from "../image/area.js";
import type { Energy } from "../kernels/index.js";

/** How images are cut into tiles; pixels of the original image. */
export interface Tiling {
  /** Side of a tile. */
  size: number;
  /** Of a tile with the next. */
  overlap: number;
}

/** More pictures for one image would be a mistake in the tiles' size. */
const mostTiles = 1024;
/** Of all tiles together as the network sees them, and of the maps: 0.8 GB, and 0.3 GB each. */
const mostPixels = 2 ** 26;

/** One side of what is looked at, as the network sees it. Every number is a multiple of the coarsest stride. */
interface TiledSide {
  /** Input pixels of all tiles together. */
  pixels: number;
  /** Input pixels from tile to tile. */
  step: number;
  tiles: number;
}

/**
 * The tiles of an area: squares of the network's input, cut out of the area after it was resized so that a tile becomes that
 * square. To begin on a whole cell of every scale they may be larger or smaller than asked for, by half a cell of the coarsest
 * one over the whole side: so the maps of all tiles are parts of one grid, and nothing is interpolated to join them. The last
 * tile of a side ends with it. A side that is no longer than a tile is stretched to one.
 */
export class Tiles {
  private readonly x: TiledSide;
  private readonly y: TiledSide;

  /**
   * @param tiling undefined: one tile, which is the whole area
   * @param network side of its input and the strides of its scales, pixels
   * @param name of the image, for the message
   * @throws UflowError ERR_UFLOW_BAD_IMAGE where they would be too many.
   */
  constructor(
    area: Size,
    tiling: Tiling | undefined,
    private readonly network: { inputSize: number; strides: readonly number[]; mapSize: number },
    name = "the image",
  ) {
    const cell = Math.max(...network.strides);
    this.x = tiledSide(area.width, tiling, network.inputSize, cell);
    this.y = tiledSide(area.height, tiling, network.inputSize, cell);
    const { width, height } = this.map;
    const pixels = Math.max(this.x.pixels * this.y.pixels, width * height);
    if (this.count <= mostTiles && (this.count === 1 || pixels <= mostPixels)) return;
    throw new UflowError(
      "ERR_UFLOW_BAD_IMAGE",
      `Cannot look at ${name}: ${area.width} × ${area.height} pixels make ${this.count} tiles of ${tiling?.size} and maps of ${width} × ${height} pixels; at most ${mostTiles} tiles and ${mostPixels} pixels are taken: train with larger tiles or a region`,
    );
  }

  get count(): number {
    return this.x.tiles * this.y.tiles;
  }

  /** Of all tiles together, input pixels. */
  get whole(): Size {
    return { width: this.x.pixels, height: this.y.pixels };
  }

  /** Of the maps of an inspection. */
  get map(): Size {
    const { mapSize, inputSize } = this.network;
    const of = ({ pixels }: TiledSide) => Math.round((mapSize * pixels) / inputSize);
    return { width: of(this.x), height: of(this.y) };
  }

  /** Of the joined maps, finest scale first. */
  get scales(): Size[] {
    const { width, height } = this.whole;
    return this.network.strides.map((stride) => ({ width: width / stride, height: height / stride }));
  }

  /**
   * The input of tile number `tile`, row by row: cut out of `picture`, three planes of the size of `whole`.
   * @param into memory for it, used where it is as long
   */
  cut(picture: Float32Array, tile: number, into?: Float32Array): Float32Array {
    if (this.count === 1) return picture;
    const { inputSize } = this.network;
    const { width, height } = this.whole;
    const left = startOf(this.x, tile % this.x.tiles, inputSize);
    const top = startOf(this.y, Math.floor(tile / this.x.tiles), inputSize);
    const length = 3 * inputSize ** 2;
    const input = into?.length === length ? into : new Float32Array(length);
    for (let row = 0; row < 3 * inputSize; row++) {
      const plane = Math.floor(row / inputSize);
      const from = (plane * height + top + (row % inputSize)) * width + left;
      input.set(picture.subarray(from, from + inputSize), row * inputSize);
    }
    return input;
  }

  /**
   * The maps of all tiles as one per scale: every cell is that of the tile whose centre is nearest, so that it has all of the
   * overlap around it, and the law of a single run.
   * @param maps [tile][scale]
   */
  join(maps: readonly (readonly Energy[])[]): Energy[] {
    if (maps.length === 1) return [...maps[0]!];
    return maps[0]!.map(({ channels }, scale) => {
      const { width, height } = this.scales[scale]!;
      const data = new Float32Array(width * height);
      maps.forEach((ofTile, tile) => {
        this.place(ofTile[scale]!, tile, this.network.strides[scale]!, data);
      });
      return { data, channels, width, height };
    });
  }

  private place(map: Energy, tile: number, stride: number, into: Float32Array): void {
    const { inputSize } = this.network;
    const x = ownCells(this.x, tile % this.x.tiles, inputSize, stride);
    const y = ownCells(this.y, Math.floor(tile / this.x.tiles), inputSize, stride);
    const width = this.x.pixels / stride;
    for (let row = y.from; row < y.to; row++) {
      const from = (row - y.start) * map.width - x.start;
      into.set(map.data.subarray(from + x.from, from + x.to), row * width + x.from);
    }
  }
}

function tiledSide(length: number, tiling: Tiling | undefined, inputSize: number, cell: number): TiledSide {
  if (!tiling || length <= tiling.size) return { pixels: inputSize, step: inputSize, tiles: 1 };
  const scale = inputSize / tiling.size;
  const pixels = Math.max(inputSize, cell * Math.round((length * scale) / cell));
  const step = Math.max(cell, inputSize - cell * Math.round((tiling.overlap * scale) / cell));
  return { pixels, step, tiles: Math.ceil((pixels - inputSize) / step) + 1 };
}

/** Where a tile begins, input pixels. */
const startOf = ({ pixels, step }: TiledSide, tile: number, inputSize: number) =>
  Math.min(tile * step, pixels - inputSize);

/** The cells of one side that a tile gives to the whole, and where it begins: overlaps are cut in their middle. */
function ownCells(side: TiledSide, tile: number, inputSize: number, stride: number) {
  const cutBefore = (next: number) => {
    const middle = (startOf(side, next - 1, inputSize) + inputSize + startOf(side, next, inputSize)) / 2;
    return Math.round(middle / stride);
  };
  return {
    start: startOf(side, tile, inputSize) / stride,
    from: tile === 0 ? 0 : cutBefore(tile),
    to: tile === side.tiles - 1 ? side.pixels / stride : cutBefore(tile + 1),
  };
}
