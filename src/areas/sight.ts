import { type Area, areaOf, cut, type Size } from "../image/area.js";
import { Preprocessor } from "../image/preprocess.js";
import type { Energy, RawImage } from "../kernels/index.js";
import type { IgnoredAreas } from "./ignore.js";
import { type IgnoredCells, ignoredCells } from "./ignored-cells.js";
import { Tiles, type Tiling } from "./tiling.js";

/** What a model sees of images: the manifest says all of it. */
export interface SightOptions {
  /** Side of the square that the network sees, pixels. */
  inputSize: number;
  /** Side of the map of such a square, pixels. */
  mapSize: number;
  preprocessing: { mean: readonly number[]; std: readonly number[] };
  /** Input pixels per cell of each scale, finest first. */
  strides: readonly number[];
  /** Only this part of the images is looked at. */
  region?: Area | undefined;
  /** It is cut into tiles, each of which becomes the network's square. Undefined: all of it does. */
  tiling?: Tiling | undefined;
  /** Here nothing is ever reported. */
  ignored?: IgnoredAreas | undefined;
}

/** How a model looks at images; training, calibration and inspection all come through here, so that they see the same. */
export class Sight {
  private readonly preprocessor = new Preprocessor();
  /** Cameras give one size again and again. */
  private last: View | undefined;

  constructor(private readonly options: SightOptions) {}

  /** Whether one image may be several pictures. */
  get isTiled(): boolean {
    return this.options.tiling !== undefined;
  }

  /**
   * How it looks at images of this size.
   * @param name of the image, for the message
   * @throws UflowError ERR_UFLOW_BAD_IMAGE where they cannot be looked at.
   */
  view(image: Size, name?: string): View {
    const { last } = this;
    if (last && last.image.width === image.width && last.image.height === image.height) return last;
    this.last = new View(this.options, this.preprocessor, image, name);
    return this.last;
  }
}

/** How a model looks at images of one size. */
export class View {
  readonly image: Size;
  /** The part that is looked at, and that all maps cover. */
  readonly area: Area;
  /** Of an inspection's maps. */
  readonly map: Size;
  /** Of scales and map; undefined where nothing is ignored. */
  readonly ignored: IgnoredCells | undefined;
  private readonly cuts: Tiles;

  constructor(
    private readonly options: SightOptions,
    private readonly preprocessor: Preprocessor,
    { width, height }: Size,
    name?: string,
  ) {
    const { region, tiling, ignored } = options;
    this.image = { width, height };
    this.area = areaOf(this.image, region, name);
    this.cuts = new Tiles(this.area, tiling, options, name);
    this.map = this.cuts.map;
    const { image, area, map } = this;
    this.ignored = ignored && ignoredCells(ignored, { image, area, map, scales: this.cuts.scales }, name);
  }

  /** How many runs of the network an image takes. */
  get tiles(): number {
    return this.cuts.count;
  }

  /**
   * What is looked at, as the network sees it: planar RGB of all tiles together, normalised.
   * @param options.change what is done before to the part that is looked at; it must keep its size
   * @param options.into memory for the picture, of `pictureLength` numbers; default: new memory
   */
  picture(
    image: RawImage,
    { change = (part) => part, into }: { change?: (part: RawImage) => RawImage; into?: Float32Array } = {},
  ): Float32Array {
    const part = change(cut(image, this.area));
    return this.preprocessor.picture(part, { ...this.cuts.whole, ...this.options.preprocessing }, into);
  }

  /** Numbers in a picture. */
  get pictureLength(): number {
    const { width, height } = this.cuts.whole;
    return 3 * width * height;
  }

  /**
   * What the network is given for a tile of the picture: planar RGB of its input size; the picture where it is the only one.
   * @param into memory for it, used where it is as long; default: new memory
   */
  tile(picture: Float32Array, tile: number, into?: Float32Array): Float32Array {
    return this.cuts.cut(picture, tile, into);
  }

  /** The maps of all tiles, [tile][scale], as one per scale. */
  join(maps: readonly (readonly Energy[])[]): Energy[] {
    return this.cuts.join(maps);
  }
}
