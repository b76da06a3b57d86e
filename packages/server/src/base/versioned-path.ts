/** A model version: `modelPath` may or may not end in its version. */
export interface VersionedModel {
  /** `model/cn`, or `model/cn@1` where a version was asked for. */
  readonly modelPath: string;
  readonly version: string;
}

/** The path of a model without a version: `model/cn`. */
export function pathWithoutVersion({ modelPath, version }: VersionedModel): string {
  const end = `@${version}`;
  return modelPath.endsWith(end) ? modelPath.slice(0, -end.length) : modelPath;
}

/** The path of a model with its version, however it was asked for, so that each version has one name: `model/cn@1`. */
export function pathWithVersion(model: VersionedModel): string {
  return `${pathWithoutVersion(model)}@${model.version}`;
}
