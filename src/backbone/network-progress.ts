/** How far the building of a network is whose weights are kept in a file: once per machine, for `mcait`. */
export interface NetworkProgress {
  /** Name of the backbone. */
  backbone: string;
  /** Bytes of its weights that are written, and all of them; equal once, when the network is there. */
  done: number;
  total: number;
}

/** What people are told of it. */
export const buildingOf = (backbone: string) => `building ${backbone}'s network, once per machine`;

/** For a log: a line per tenth. */
export function inTenths(log: (text: string) => void): (progress: NetworkProgress) => void {
  let told = 0;
  return ({ backbone, done, total }) => {
    const tenths = Math.floor((10 * done) / total);
    if (tenths === told) return;
    told = tenths;
    log(`${buildingOf(backbone)}: ${10 * tenths} %`);
  };
}
