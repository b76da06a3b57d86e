import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import { VoxpoolError } from "../../base/errors.ts";
import { type Behaviour, behaviours } from "./misbehave.ts";

const amount = (value: number, maximum: number) => Type.Optional(Type.Number({ minimum: 0, maximum, default: value }));
const behaviour = Type.Optional(Type.Unsafe<Behaviour>(Type.String({ enum: [...behaviours] })));

/** `fake.json`, see `loadFake`. */
const FakeScript = Type.Object(
  {
    text: Type.Optional(Type.String({ maxLength: 100_000 })),
    input: Type.Optional(Type.Union([Type.Literal("segments"), Type.Literal("frames")])),
    words: Type.Optional(Type.Boolean()),
    languages: Type.Optional(Type.Array(Type.String())),
    maxSegmentSeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 60 })),
    spanSeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 3600 })),
    loadMs: amount(0, 3_600_000),
    decodeMs: amount(0, 3_600_000),
    load: behaviour,
    decode: behaviour,
    decodeAt: Type.Optional(Type.Integer({ minimum: 1 })),
    loadBytes: amount(0, 2 ** 32),
    growBytes: amount(0, 2 ** 32),
  },
  { additionalProperties: false },
);
export type FakeScript = Required<Omit<Static<typeof FakeScript>, "decodeAt" | "languages">> &
  Pick<Static<typeof FakeScript>, "decodeAt" | "languages">;

const defaults: FakeScript = {
  text: "hello world",
  input: "segments",
  words: false,
  maxSegmentSeconds: 20,
  spanSeconds: 1,
  loadMs: 0,
  decodeMs: 0,
  load: "ok",
  decode: "ok",
  loadBytes: 0,
  growBytes: 0,
};

/** Reads `fake.json` of a model folder. @throws VoxpoolError `model_files_invalid` */
export async function readScript(directory: string): Promise<FakeScript> {
  let script: unknown;
  try {
    script = JSON.parse(await readFile(join(directory, "fake.json"), "utf8"));
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  if (!Value.Check(FakeScript, script)) {
    const [first] = Value.Errors(FakeScript, script);
    throw invalid(`${first?.instancePath || "/"} ${first?.message ?? "is wrong"}`);
  }
  return { ...defaults, ...script };
}

function invalid(detail: string): VoxpoolError {
  return new VoxpoolError("model_files_invalid", { detail: `fake.json: ${detail}` });
}
