/** What a pickle may hold. Lists and tuples are both arrays. Values may be shared, and contain themselves. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Set<PickleValue>
  | Map<PickleValue, PickleValue>
  | Opaque
  | Storage
  | StoredTensor;

/** A class or function outside of the table, or what it would have made. Never called. */
export class Opaque {
  /** @param name with its module: "os.system". */
  constructor(readonly name: string) {}
}

/** The numbers behind one or more tensors, as the checkpoint describes them: unchecked. */
export class Storage {
  constructor(
    /** The name of its type: "torch.FloatStorage". */
    readonly type: string,
    readonly key: string,
    readonly elements: number,
  ) {}
}

/** A view of a storage, as the checkpoint describes it: unchecked, and any of its parts may be anything. */
export class StoredTensor {
  constructor(
    readonly storage: PickleValue,
    /** In elements. */
    readonly offset: PickleValue,
    readonly shape: PickleValue,
    /** In elements. */
    readonly strides: PickleValue,
  ) {}
}
