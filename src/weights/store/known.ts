/** Where the weights of the paper's backbones are published: timm's repositories on the model hub, by backbone. */
export const hubRepositories: Readonly<Record<string, readonly string[]>> = {
  resnet18: ["timm/resnet18.a1_in1k"],
  wide_resnet50_2: ["timm/wide_resnet50_2.racm_in1k"],
  // MS-CaiT is two networks: the fine scale, then the coarse one.
  mcait: ["timm/cait_m48_448.fb_dist_in1k", "timm/cait_s24_224.fb_dist_in1k"],
};

/** Backbones of which the weights come with the engine, so that nothing else may take their names. */
export const embeddedNames = ["mobile", "mobile4"] as const;
export type EmbeddedName = (typeof embeddedNames)[number];

export function isEmbedded(name: string): name is EmbeddedName {
  return (embeddedNames as readonly string[]).includes(name);
}

const defaultHost = "https://huggingface.co";

/** The host of the hub unless one is given: `HF_ENDPOINT`, which the hub's own tools read too, else the public one. */
export function hubHost(env: NodeJS.ProcessEnv = process.env): string {
  return env.HF_ENDPOINT || defaultHost;
}

/** The addresses of a backbone's files, in the order in which the backbone takes them; none when the hub has none. */
export function hubUrls(name: string, host = hubHost()): string[] {
  const repositories = Object.hasOwn(hubRepositories, name) ? hubRepositories[name]! : [];
  return repositories.map(
    (repository) => `${host.replace(/\/+$/, "")}/${repository}/resolve/main/model.safetensors`,
  );
}
