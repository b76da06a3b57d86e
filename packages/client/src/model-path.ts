/**
 * A model path as a part of a URL. Slashes stay, as in the known client, so that proxies leave the path alone. A path with dot segments is encoded
 * whole: URLs resolve those, and `../load` would become another route.
 */
export function encodeModelPath(modelPath: string): string {
  const segments = modelPath.toWellFormed().split("/");
  const hasDots = segments.some((segment) => segment === "." || segment === "..");
  return hasDots ? encodeURIComponent(`${segments.join("/")}/`) : segments.map(encodeURIComponent).join("/");
}
