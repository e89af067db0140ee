import { RandomAccessFile, type Refuse } from "./random-access-file.js";

const preamble = "\x93NUMPY";
const integers =
  /'descr': '[<>|]([?biu])(\d)', 'fortran_order': False, 'shape': \((\d{1,9})(?:, ?(\d{1,5}), ?(\d{1,5}))?,?\)/;

/**
 * A NumPy file (version 1 … 3, C order) of booleans or integers that say yes or no: one per frame, shape (frames), or one
 * per pixel, shape (frames, height, width). Read frame by frame: those of a video are hundreds of megabytes.
 */
export class NpyFrames {
  private constructor(
    private readonly file: RandomAccessFile,
    /** Where the first value begins, bytes. */
    private readonly start: number,
    /** Of a value. */
    private readonly bytes: number,
    readonly frames: number,
    /** Of a frame, pixels; 1 × 1 where there is one value per frame. */
    readonly height: number,
    readonly width: number,
  ) {}

  /** @throws what `refuse` makes when it is not such a file, or longer or shorter than its header says. */
  static async open(path: string, refuse: Refuse): Promise<NpyFrames> {
    const file = await RandomAccessFile.open(path, refuse);
    try {
      return await NpyFrames.begin(file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private static async begin(file: RandomAccessFile): Promise<NpyFrames> {
    if (file.size < 12) throw file.refuse(`it has ${file.size} bytes, too few for a NumPy file`);
    const first = await file.read(0, 12);
    if (first.toString("latin1", 0, 6) !== preamble) throw file.refuse("it is no NumPy file");
    const [begin, length] = first[6] === 1 ? [10, first.readUInt16LE(8)] : [12, first.readUInt32LE(8)];
    if (length > 65535) throw file.refuse("its header is damaged");
    const header = (await file.read(begin, length)).toString("latin1");
    const [, , bytes, ...shape] = integers.exec(header) ?? [];
    if (bytes === undefined) {
      throw file.refuse(
        `expected integers of shape (frames) or (frames, height, width), but found ${header.trim()}`,
      );
    }
    const [frames, height = 1, width = 1] = shape.filter((side) => side !== undefined).map(Number);
    const start = begin + length;
    const wanted = Number(bytes) * frames! * height * width;
    if (file.size - start !== wanted) {
      throw file.refuse(`it has ${file.size - start} bytes of data, and its header says ${wanted}`);
    }
    return new NpyFrames(file, start, Number(bytes), frames!, height, width);
  }

  /** One frame, rows from the top: 1 where the value is not 0. @throws what `refuse` makes, when there is no such frame. */
  async read(frame: number): Promise<Uint8Array> {
    if (frame >= this.frames)
      throw this.file.refuse(`it has ${this.frames} frames, and none of number ${frame}`);
    const bytes = this.height * this.width * this.bytes;
    return this.nonzero(await this.file.read(this.start + frame * bytes, bytes));
  }

  /** Of a file with one value per frame: all of them. @throws what `refuse` makes. */
  async readAll(): Promise<Uint8Array> {
    if (this.height * this.width !== 1) throw this.file.refuse("expected one value per frame");
    return this.nonzero(await this.file.read(this.start, this.frames * this.bytes));
  }

  /** Whatever the byte order: a number is not 0 where one of its bytes is not. */
  private nonzero(raw: Uint8Array): Uint8Array {
    const values = new Uint8Array(raw.length / this.bytes);
    for (let i = 0; i < raw.length; i++) if (raw[i] !== 0) values[Math.floor(i / this.bytes)] = 1;
    return values;
  }

  close(): Promise<void> {
    return this.file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
