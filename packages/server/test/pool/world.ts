import assert from "node:assert/strict";
import { VoxpoolError } from "../../dist/base/errors.js";
import type { ModelFolder } from "../../dist/catalog/catalog.js";
import { createPool } from "../../dist/pool/pool.js";
import type { Claimant, InstanceLease, Pool, PoolEvent } from "../../dist/pool/types.js";
import { FakeClock, settle } from "./fake-clock.ts";
import { type FakeHost, FakeHosts, folderOf } from "./fake-hosts.ts";
import { checkInvariants } from "./invariants.ts";
import {
  boundFactor,
  budget,
  holdIdleSeconds,
  isThere,
  keepAliveSeconds,
  loadedBytes,
  longestPause,
  runawayBytes,
  tickSeconds,
} from "./limits.ts";
import { known, type Operation } from "./operation.ts";
import { keyOf, Reference } from "./reference.ts";

/** A pool on hosts and a clock that commands drive, beside the reference that says what has to be. */
export class World {
  readonly clock = new FakeClock();
  readonly hosts = new FakeHosts();
  readonly pool: Pool;
  readonly folders = ["a", "b", "c", "d"].map((id) => folderOf(id));
  readonly references = new Map(this.folders.map(({ directory }) => [directory, new Reference()]));
  readonly pending = new Set<Operation>();
  readonly leases: { readonly lease: InstanceLease; readonly host: FakeHost }[] = [];
  /** What was wrong, found where nothing may be thrown. */
  readonly faults: string[] = [];
  /** Those that end by their own fault, or by whoever sent a signal. */
  readonly doomed = new Set<FakeHost>();
  #returning: string | undefined;
  #forcing: string | undefined;
  #isClosed = false;
  /** Nothing runs but what waits for a command. */
  #isQuiet = true;

  constructor() {
    const options = this.hosts.options(this.clock);
    this.pool = createPool({
      ...options,
      startHost: (one) => {
        this.#checkRoom(one.spec.directory);
        return options.startHost(one);
      },
      keepAliveSeconds,
      holdIdleSeconds,
      tickSeconds,
      budget,
      estimateBytes: () => loadedBytes,
      boundBytes: (warmBytes) => warmBytes * boundFactor,
    });
    this.pool.subscribe((event) => this.#hear(event));
  }

  load(
    folder: ModelFolder,
    wish: { claimant?: Claimant | undefined; leaseSeconds?: number | undefined; keepAliveSeconds?: number | undefined },
  ): void {
    const operation = this.#begin("load", folder, wish);
    const { claimant, controller } = operation;
    this.#settled(operation, this.pool.load(folder, { ...known(wish), signal: controller.signal }), () => {
      const isHolding = operation.held || claimant === undefined || controller.signal.aborted;
      if (!isHolding) this.faults.push("a load was answered without its hold");
      this.#wish(folder, wish.keepAliveSeconds);
    });
  }

  lease(folder: ModelFolder, keepAlive: number | undefined): void {
    const operation = this.#begin("lease", folder, {});
    const wish = { ...known({ keepAliveSeconds: keepAlive }), signal: operation.controller.signal };
    const reference = this.reference(folder);
    reference.maybeWish = Math.max(reference.maybeWish, keepAlive ?? 0);
    this.#settled(operation, this.pool.lease(folder, wish), (lease) => {
      const host = this.hosts.all.find(({ pid }) => pid === lease.instance.pid);
      if (!host?.isLoaded) this.faults.push("a lease of a process that is not loaded");
      else this.leases.push({ lease, host });
      this.#wish(folder, keepAlive);
      reference.touchedAt = this.clock.seconds();
    });
  }

  reload(folder: ModelFolder): void {
    const operation = this.#begin("reload", folder, {});
    operation.mayBeCancelled = true; // by whoever unloads
    this.#settled(operation, this.pool.reload(folder), () => undefined);
  }

  unload(folder: ModelFolder, claimant: Claimant, force: boolean): void {
    const reference = this.reference(folder);
    const expected = this.#expectUnload(folder, claimant, force);
    const held = reference.holds.has(keyOf(claimant));
    for (const one of this.pending) {
      const isOwn = one.claimant !== undefined && keyOf(one.claimant) === keyOf(claimant);
      if (one.folder === folder && (force || isOwn)) one.mayBeCancelled = true;
    }
    const operation = this.#begin("unload", folder, {});
    this.#returning = keyOf(claimant);
    this.#forcing = force ? folder.directory : undefined;
    const answer = this.pool.unload(folder, claimant, { force });
    this.#forcing = undefined;
    if (this.#returning !== undefined && held && !force) this.faults.push("an unload did not take the hold back");
    this.#returning = undefined;
    const check = (seen: string): void => {
      if (expected && !expected.includes(seen)) this.faults.push(`unload: ${seen} instead of ${expected.join(" or ")}`);
    };
    this.#settled(
      operation,
      answer.then(
        ({ unloaded }) => check(unloaded ? "unloaded" : "kept"),
        (error: unknown) => check(VoxpoolError.from(error).reason),
      ),
      () => undefined,
    );
  }

  retire(folder: ModelFolder): void {
    for (const one of this.pending) if (one.folder === folder) one.mayBeCancelled = true;
    this.#forcing = folder.directory;
    this.#settled(this.#begin("unload", folder, {}), this.pool.retire(folder), () => undefined);
    this.#forcing = undefined;
  }

  renew(client: string, leaseSeconds: number | undefined): void {
    const holders = [...this.references.values()].filter(({ holds }) => holds.has(`client:${client}`));
    for (const one of holders) one.renew(client, leaseSeconds, this.clock.seconds());
    const renewed = (() => {
      try {
        return this.pool.renew(client, undefined, leaseSeconds).length;
      } catch (error) {
        assert.equal(VoxpoolError.from(error).reason, "hold_unknown");
        return 0;
      }
    })();
    assert.equal(renewed, holders.length, "renew reaches every hold");
  }

  pin(folder: ModelFolder, pinned: boolean): void {
    this.reference(folder).pinned = pinned;
    this.reference(folder).touchedAt = this.clock.seconds();
    this.pool.pin(folder, pinned);
  }

  release(at: number): void {
    const [one] = this.leases.splice(at % Math.max(1, this.leases.length), 1);
    if (!one) return;
    this.reference(one.lease.instance.folder).touchedAt = this.clock.seconds();
    one.lease.release();
    one.lease.release();
  }

  abort(at: number): void {
    const given = [...this.pending].filter(({ kind }) => kind !== "unload");
    given.at(at)?.controller.abort(new VoxpoolError("request_cancelled"));
  }

  /** The process that loads is loaded, or fails. */
  finishLoad(folder: ModelFolder, how: "ok" | "model_load_failed" | "model_load_timeout"): void {
    const host = this.hosts.alive(folder).find(({ isLoaded, isUsable }) => !isLoaded && isUsable);
    if (!host) return;
    this.reference(folder).touchedAt = this.clock.seconds();
    if (how === "ok") {
      host.load(loadedBytes);
    } else {
      this.reference(folder).failed = true;
      host.failLoad(how);
    }
  }

  crash(folder: ModelFolder, at: number, fromOutside: boolean, lingers: boolean): void {
    const alive = this.hosts.alive(folder);
    const host = alive[at % Math.max(1, alive.length)];
    if (!host) return;
    host.lingers ||= lingers;
    this.doomed.add(host);
    if (!fromOutside) this.reference(folder).strikes += 1;
    this.reference(folder).failed = true;
    this.reference(folder).touchedAt = this.clock.seconds();
    host.crash(fromOutside);
  }

  async grow(folder: ModelFolder, bytes: number): Promise<void> {
    await settle(); // what was let in before is there before
    for (const host of this.hosts.alive(folder).filter(({ isLoaded }) => isLoaded)) {
      host.memoryBytes = Math.max(host.memoryBytes, bytes);
      if (host.memoryBytes <= runawayBytes) continue;
      this.doomed.add(host);
      this.reference(folder).strikes += 1;
      this.reference(folder).failed = true;
    }
  }

  /** From now on the processes of a model take their time to go; or they go. */
  linger(folder: ModelFolder, lingers: boolean): void {
    for (const host of this.hosts.alive(folder)) {
      if (lingers && host.isUsable) host.lingers = true;
      if (!lingers) host.leave();
    }
    this.reference(folder).touchedAt = this.clock.seconds();
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.pass(seconds);
  }

  reference({ directory }: ModelFolder): Reference {
    const found = this.references.get(directory);
    assert.ok(found);
    return found;
  }

  /** Between two commands: with everything settled, or only some of it. */
  async between(turns: number | "settle"): Promise<void> {
    this.#isQuiet = turns === "settle";
    this.#lookForOthers();
    if (turns !== "settle") {
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      return;
    }
    await settle();
    assert.deepEqual(this.faults, []);
    if (!this.#isClosed) checkInvariants(this);
  }

  /** Everything that waits for something is given it: then nothing may wait any more. */
  async comeToRest(): Promise<void> {
    while (this.leases.length > 0) this.release(0);
    for (let round = 0; round < 12 && this.pending.size > 0; round += 1) {
      for (const folder of this.folders) {
        this.linger(folder, false);
        this.finishLoad(folder, "ok");
      }
      await settle();
      while (this.leases.length > 0) this.release(0);
      await this.pass(longestPause + 2);
      await this.between("settle");
    }
    assert.deepEqual(
      Array.from(this.pending, ({ kind }) => kind),
      [],
      "every wait comes to its end",
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const closed = this.pool.close();
    await settle();
    for (const host of this.hosts.all) host.leave();
    await closed;
    await settle();
    assert.deepEqual(this.hosts.alive(), [], "no process is left");
    assert.deepEqual(
      Array.from(this.pending, ({ kind }) => kind),
      [],
      "whoever waits is told that it is over",
    );
    assert.deepEqual(this.faults, []);
    await assert.rejects(this.pool.load(folderOf("a")), { reason: "server_stopping" });
  }

  #begin(kind: Operation["kind"], folder: ModelFolder, wish: { claimant?: Claimant | undefined }): Operation {
    const controller = new AbortController();
    const operation = { ...wish, kind, folder, controller, held: false, mayBeCancelled: false, hadOthers: false };
    this.pending.add(operation);
    this.#lookForOthers();
    return operation;
  }

  #settled<T>(operation: Operation, promise: Promise<T>, then: (value: T) => void): void {
    const over = (): void => {
      this.pending.delete(operation);
      this.reference(operation.folder).touchedAt = this.clock.seconds();
    };
    promise.then(
      (value) => {
        over();
        then(value);
      },
      (error: unknown) => {
        over();
        if (operation.held) this.faults.push("a load failed whose hold is there");
        if (!this.#isExpected(operation, error)) this.faults.push(`${operation.kind}: ${String(error)}`);
      },
    );
  }

  #lookForOthers(): void {
    const there = this.pool.list().filter(isThere);
    for (const one of this.pending) {
      one.hadOthers ||= there.some(({ folder }) => folder.directory !== one.folder.directory);
    }
  }

  #isExpected({ controller, folder, kind, mayBeCancelled, hadOthers }: Operation, error: unknown): boolean {
    if (controller.signal.aborted) return true;
    const { failed, strikes } = this.reference(folder);
    const expected: Partial<Record<VoxpoolError["reason"], boolean>> = {
      server_stopping: this.#isClosed,
      model_load_cancelled: mayBeCancelled && kind !== "lease", // a recognition loads it anew
      model_not_loaded: kind === "reload",
      pool_full: hadOthers,
      model_load_failed: failed,
      model_load_timeout: failed,
      model_quarantined: failed,
      model_unavailable: strikes >= 5,
    };
    return expected[VoxpoolError.from(error).reason] ?? false;
  }

  /** What an unload has to answer; undefined where that hangs on what is just happening. */
  #expectUnload(folder: ModelFolder, claimant: Claimant, force: boolean): readonly string[] | undefined {
    if (this.#isClosed) return undefined;
    const { holds, pinned, leaving } = this.reference(folder);
    const instance = this.pool.find(folder);
    if (!instance || !isThere(instance)) {
      if (holds.size > 0) this.faults.push("held, but not there");
      return ["model_not_loaded"];
    }
    if (force || leaving) return ["unloaded"];
    const waiting = [...this.pending].filter(
      (one) => one.folder === folder && (one.kind === "load" || one.kind === "lease"),
    );
    if (waiting.length > 0 && !this.#isQuiet) return undefined;
    const own = waiting.filter((one) => !!one.claimant && keyOf(one.claimant) === keyOf(claimant));
    const others = waiting.length - (claimant.kind === "client" ? own.length : Math.min(1, own.length));
    const mine = holds.get(keyOf(claimant));
    const left = holds.size - (mine?.count === 1 ? 1 : 0);
    if (left === 0 && !pinned && others === 0) return ["unloaded"];
    return mine ? ["kept"] : [pinned ? "model_pinned" : "model_in_use"];
  }

  #wish(folder: ModelFolder, keepAlive: number | undefined): void {
    const reference = this.reference(folder);
    if (keepAlive !== undefined) reference.wish = Math.max(reference.wish ?? 0, keepAlive);
  }

  #hear(event: PoolEvent): void {
    const { folder } = "instance" in event ? event.instance : event;
    const reference = this.reference(folder);
    reference.touchedAt = this.clock.seconds();
    if (event.type === "unloading") {
      reference.leaving = true;
      const isUsed =
        reference.pinned || this.leases.some(({ host }) => host.directory === folder.directory && host.isUsable);
      const isOwnWill = event.cause === "idle" || event.cause === "evicted";
      if (isOwnWill && isUsed) this.faults.push(`${event.cause} while it is pinned or in use`);
    }
    if (event.type === "unloading" && reference.holds.size > 0) this.faults.push(`${event.cause} while it is held`);
    if (event.type === "state" && event.instance.state === "stopped") {
      reference.leaving = false;
    }
    // What could not be loaded took its wishes with it: the next one begins without.
    if (event.type === "state" && !isThere(event.instance)) Object.assign(reference, { wish: undefined, maybeWish: 0 });
    if (event.type === "pin") reference.pinned = event.pinned;
    if (event.type === "hold") this.#hearHold(reference, event);
  }

  #hearHold(reference: Reference, { change, folder, hold }: Extract<PoolEvent, { type: "hold" }>): void {
    const key = keyOf(hold);
    if (change === "added") {
      const isAsking = (one: Operation): boolean =>
        one.folder.directory === folder.directory && !one.held && !one.controller.signal.aborted && one.kind === "load";
      const operation = [...this.pending].find((one) => isAsking(one) && !!one.claimant && keyOf(one.claimant) === key);
      if (!operation) return void this.faults.push("a hold of nobody who waits");
      operation.held = true;
      reference.add(hold, operation.leaseSeconds, this.clock.seconds());
    } else if (change === "returned") {
      if (this.#returning !== key) this.faults.push("a hold was returned by nobody");
      this.#returning = undefined;
      reference.giveBack(hold);
    } else if (change === "dropped") {
      if (this.#forcing !== folder.directory) this.faults.push("a hold was dropped by nobody");
      reference.holds.delete(key);
    } else if (change === "lapsed") {
      reference.pass(this.clock.seconds(), holdIdleSeconds);
      if (reference.holds.has(key)) this.faults.push("a hold lapsed before its time");
    }
  }

  /** A process that takes a place starts only where there is room. */
  #checkRoom(directory: string): void {
    const isFirst = this.pool.list().some((one) => one.folder.directory === directory && one.state === "loading");
    const others = this.pool.list().filter((one) => one.folder.directory !== directory && isThere(one));
    if (!isFirst || others.length === 0) return;
    const isBeside = (host: FakeHost): boolean =>
      !host.isLoaded && this.hosts.all.some((one) => one.directory === host.directory && one.isLoaded && one.isUsable);
    // What replaces a process may for that moment be there beside it.
    const foreign = this.hosts.alive().filter((host) => host.directory !== directory && !isBeside(host));
    const bytes = foreign.reduce((sum, { memoryBytes }) => sum + Math.max(memoryBytes, loadedBytes), loadedBytes);
    if (bytes > budget.memoryBytes) this.faults.push(`a process was started with ${bytes} bytes in all`);
  }
}
