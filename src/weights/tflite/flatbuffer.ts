import { UflowError } from "../../error.js";

/**
 * A bounds-checked reader of FlatBuffers tables. It reads foreign bytes: every offset is checked before it is
 * followed, so that a damaged or hostile file ends in an error and never in a wrong number.
 */
export class FlatBuffer {
  private readonly view: DataView;
  /** Elements that may still be copied out of the file. */
  private budget: number;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.budget = bytes.length;
  }

  /** The four-letter file identifier behind the root offset. */
  identifier(): string {
    this.check(4, 4);
    return String.fromCharCode(...this.bytes.subarray(4, 8));
  }

  root(): Table {
    return new Table(this, this.follow(0));
  }

  int8(at: number): number {
    this.check(at, 1);
    return this.view.getInt8(at);
  }

  uint16(at: number): number {
    this.check(at, 2);
    return this.view.getUint16(at, true);
  }

  int32(at: number): number {
    this.check(at, 4);
    return this.view.getInt32(at, true);
  }

  uint32(at: number): number {
    this.check(at, 4);
    return this.view.getUint32(at, true);
  }

  /** The position to which the offset stored at `at` points. */
  follow(at: number): number {
    const target = at + this.uint32(at);
    this.check(target, 4);
    return target;
  }

  /** Position and length of the vector's elements, checked to lie inside the file. */
  vector(at: number, elementSize: number): { start: number; length: number } {
    const length = this.uint32(at);
    this.check(at + 4, length * elementSize);
    return { start: at + 4, length };
  }

  /**
   * A vector whose elements are copied. Tables may share one, but all copies together must not hold more elements than
   * the file has bytes: a small file whose many tables share one long vector would fill any memory.
   */
  copied(at: number, elementSize: number): { start: number; length: number } {
    const vector = this.vector(at, elementSize);
    this.budget -= vector.length;
    if (this.budget < 0) {
      throw new UflowError("ERR_UFLOW_BAD_WEIGHTS", "The file is damaged: its vectors overlap");
    }
    return vector;
  }

  /** A view of the file's bytes. */
  slice(start: number, length: number): Uint8Array {
    this.check(start, length);
    return this.bytes.subarray(start, start + length);
  }

  private check(at: number, length: number): void {
    if (at < 0 || at + length > this.bytes.length) {
      throw new UflowError(
        "ERR_UFLOW_BAD_WEIGHTS",
        `The file is damaged: it points at bytes ${at} … ${at + length} of ${this.bytes.length}`,
      );
    }
  }
}

/** A FlatBuffers table: numbered fields, any of which may be absent. */
export class Table {
  private readonly fields: number;
  private readonly fieldBytes: number;

  constructor(
    private readonly buffer: FlatBuffer,
    private readonly position: number,
  ) {
    this.fields = position - buffer.int32(position);
    this.fieldBytes = buffer.uint16(this.fields);
  }

  int8(field: number, absent: number): number {
    const at = this.field(field);
    return at === undefined ? absent : this.buffer.int8(at);
  }

  int32(field: number, absent: number): number {
    const at = this.field(field);
    return at === undefined ? absent : this.buffer.int32(at);
  }

  table(field: number): Table | undefined {
    const at = this.field(field);
    return at === undefined ? undefined : new Table(this.buffer, this.buffer.follow(at));
  }

  tables(field: number): Table[] {
    const { start, length } = this.copied(field, 4);
    return Array.from({ length }, (_, i) => new Table(this.buffer, this.buffer.follow(start + 4 * i)));
  }

  int32s(field: number): number[] {
    const { start, length } = this.copied(field, 4);
    return Array.from({ length }, (_, i) => this.buffer.int32(start + 4 * i));
  }

  /** A view of the file. */
  bytes(field: number): Uint8Array {
    const at = this.field(field);
    if (at === undefined) return new Uint8Array(0);
    const { start, length } = this.buffer.vector(this.buffer.follow(at), 1);
    return this.buffer.slice(start, length);
  }

  text(field: number): string {
    const { start, length } = this.copied(field, 1);
    return new TextDecoder().decode(this.buffer.slice(start, length));
  }

  private copied(field: number, elementSize: number): { start: number; length: number } {
    const at = this.field(field);
    if (at === undefined) return { start: 0, length: 0 };
    return this.buffer.copied(this.buffer.follow(at), elementSize);
  }

  private field(field: number): number | undefined {
    const entry = 4 + 2 * field;
    if (entry + 2 > this.fieldBytes) return undefined;
    const offset = this.buffer.uint16(this.fields + entry);
    return offset === 0 ? undefined : this.position + offset;
  }
}
