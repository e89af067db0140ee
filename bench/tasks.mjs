// What is computed, in terms of the kernels. A driver does those tasks that it has the functions for.
//   needs       the kernels in use
//   run         the work; its arguments are the trial's inputs
//   result      what is compared between drivers, as one array of numbers; none where drivers compute different things
//   tolerance   of |result − ours| / (1 + |ours|)
//   moves       bytes that must be read and written, where the speed of the memory is the limit

const rowsOf = (regions) =>
  regions
    .map(({ area, box: { x, y, width, height } }) => [area, x, y, width, height])
    .sort((a, b) => a.map((value, i) => value - b[i]).find((order) => order !== 0) ?? 0);

const bytesOf = (tensors) => tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
const bytesOfMap = ({ width, height }) => 4 * width * height;

export const tasks = {
  energy: {
    needs: ["energy"],
    run: (kernels, { latents: [z] }) => kernels.energy(z),
    result: (energy) => energy.data,
    tolerance: 1e-5,
    moves: ({ latents }) => ({ read: bytesOf(latents), written: bytesOfMap(latents[0]) }),
  },
  anomaly_map: {
    needs: ["energy", "anomalyMap"],
    run: (kernels, { latents, size }) => kernels.anomalyMap(latents.map(kernels.energy), size),
    result: (map) => map.data,
    tolerance: 1e-5,
    moves: ({ latents, size }) => ({ read: bytesOf(latents), written: bytesOfMap(size) }),
  },
  tree_nfa: {
    needs: ["energy", "nfaTreeMap"],
    run: (kernels, { latents, size, tail, tests }) =>
      kernels.nfaTreeMap(latents.map(kernels.energy), { ...size, tail, tests }),
    result: (map) => map.data,
    tolerance: 1e-3,
  },
  component_tree: {
    needs: ["nfaTree"],
    run: (kernels, { energy }) => kernels.nfaTree(energy, { tail: "chernoff" }),
  },
  block_nfa: {
    needs: ["nfaBlockMap"],
    run: (kernels, { latents, size, kind }) => kernels.nfaBlockMap(latents, { ...size, kind }),
    result: (map) => map.data,
    tolerance: 1e-4,
  },
  chi2_log_survival: {
    needs: ["logChi2Survival"],
    run: (kernels, { x, dof }) => x.map((value) => kernels.logChi2Survival(value, dof)),
    result: (logs) => logs, // float32, as x
    tolerance: 1e-6,
  },
  resample: {
    needs: ["resample"],
    run: (kernels, { image, size, mean, std }) => kernels.resample(image, { ...size, mean, std }),
    result: (image) => image,
    tolerance: 1e-5,
  },
  frame: {
    needs: ["imageOfFrame"],
    run: (kernels, { bytes, ...frame }) => kernels.imageOfFrame({ ...frame, data: bytes }),
    result: (image) => image.data,
    tolerance: 0,
    moves: ({ bytes, format, width, height }) => ({
      read: bytes.length,
      written: width * height * (format.startsWith("Mono") ? 1 : 3),
    }),
  },
  regions: {
    needs: ["regions"],
    run: (kernels, { log_nfa }) => kernels.regions(log_nfa),
    result: (regions) => Float32Array.from(rowsOf(regions).flat()),
    tolerance: 0,
  },
};
