/** What Node's `fetch` sends through; Node keeps the one in use under this name, also for its npm package. */
interface Dispatcher {
  destroy(): Promise<void>;
}
const name = Symbol.for("undici.globalDispatcher.1");

/**
 * Closes the idle connections of this process, which `fetch` keeps open for as long as a server allows: else they
 * would be counted among the descriptors of the server. To be called while no request is under way.
 */
export async function closeConnections(): Promise<void> {
  const scope = globalThis as { [name]?: Dispatcher };
  const old = scope[name];
  if (old === undefined) return;
  scope[name] = new (old.constructor as new () => Dispatcher)();
  await old.destroy();
}
