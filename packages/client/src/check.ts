/** @throws TypeError if it is no string, or empty */
export function checkText(value: unknown, what: string): void {
  if (typeof value !== "string" || value === "") throw new TypeError(`${what} must be a string that is not empty`);
}

/** @throws TypeError if it is no path */
export function checkModelPath(modelPath: unknown): void {
  if (typeof modelPath !== "string" || modelPath === "") {
    throw new TypeError('the model path must be a string that is not empty, for example "model/cn"');
  }
}

/** @throws TypeError if it is neither seconds nor text; what the text says, the server judges */
export function checkKeepAlive(value: unknown, name: string): void {
  const isSeconds = typeof value === "number" && Number.isFinite(value);
  if (value === undefined || isSeconds || (typeof value === "string" && value !== "")) return;
  throw new TypeError(`${name} must be seconds or text like "10m"`);
}

/** @throws TypeError if it is given and no whole number from 1,000 (a second) to 30 days; null: none */
export function checkLeaseMs(value: unknown): void {
  if (value === undefined || value === null) return;
  if (Number.isInteger(value) && Number(value) >= 1_000 && Number(value) <= 2_592_000_000) return;
  throw new TypeError("leaseMs must be a whole number from 1000 to 2592000000, or null");
}

/** @throws TypeError if one of them is given and no boolean */
export function checkBooleans(options: object, ...names: readonly string[]): void {
  for (const name of names) {
    const value: unknown = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && typeof value !== "boolean") throw new TypeError(`${name} must be a boolean`);
  }
}

/** @throws TypeError if there is nothing to do, or an option is wrong; what each operation says, the server judges */
export function checkBatch(
  operations: unknown,
  {
    order,
    concurrency,
    onError,
  }: { readonly order?: unknown; readonly concurrency?: unknown; readonly onError?: unknown },
): void {
  const isList = Array.isArray(operations) && operations.length > 0;
  if (!isList || !operations.every((one) => typeof one === "object" && one !== null && !Array.isArray(one))) {
    throw new TypeError('operations must be objects like { operation: "load", model_path: "model/cn" }, at least one');
  }
  if (order !== undefined && order !== "sequence" && order !== "parallel") {
    throw new TypeError("order must be sequence or parallel");
  }
  if (onError !== undefined && onError !== "stop" && onError !== "continue") {
    throw new TypeError("onError must be stop or continue");
  }
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && Number(concurrency) > 0)) {
    throw new TypeError("concurrency must be a whole number of 1 or more");
  }
}

export function checkName(name: string): void {
  if (typeof name !== "string" || name === "") throw new TypeError('the name must be a string, for example "cn"');
}
