/** The beginning of a recording that ended processes of a model; known by its digest, so no audio is kept. */
export interface PoisonMark extends PoisonedModel {
  /** Length of the beginning, mono samples of 16 kHz. */
  readonly samples: number;
  /** SHA-256 over these samples (f32, as the machine has them), hexadecimal. */
  readonly digest: string;
}

export interface PoisonedModel {
  /** Real path of the model folder. */
  readonly directory: string;
  /** What tells its files apart: `Catalog.fingerprint`. Other files may bear the same audio. */
  readonly files: string;
}

/** What must not be decoded again. */
export interface PoisonMemory {
  /** The lengths at which a recording for the model has to be compared, ascending. */
  positionsOf(model: PoisonedModel): readonly number[];
  has(mark: PoisonMark): boolean;
  add(mark: PoisonMark): void;
}

export interface PoisonMemoryOptions {
  /** What was remembered before, newest first. */
  readonly initial?: Iterable<PoisonMark>;
  /** Told of each new one. */
  readonly onAdd?: (mark: PoisonMark) => void;
  /** The one that was not met for longest makes room. */
  readonly limit?: number;
}

/** A bounded memory of poison; what it does not hold costs two processes once more. */
export function createPoisonMemory({ initial = [], onAdd, limit = 1000 }: PoisonMemoryOptions = {}): PoisonMemory {
  const marks = new Map<string, PoisonMark>();
  /** By model; made anew after each change. */
  const positions = new Map<string, readonly number[]>();

  function put(mark: PoisonMark): void {
    marks.delete(keyOf(mark));
    marks.set(keyOf(mark), mark);
    while (marks.size > limit) marks.delete(marks.keys().next().value ?? "");
    positions.clear();
  }

  for (const mark of [...initial].toReversed()) put(mark);
  return {
    positionsOf(model) {
      if (marks.size === 0) return [];
      const key = modelKeyOf(model);
      const known = positions.get(key) ?? lengthsOf(key, marks.values());
      positions.set(key, known);
      return known;
    },
    has(mark) {
      const known = marks.get(keyOf(mark));
      if (known === undefined) return false;
      marks.delete(keyOf(mark));
      marks.set(keyOf(mark), known);
      return true;
    },
    add(mark) {
      const isNew = !marks.has(keyOf(mark));
      put(mark);
      if (isNew) onAdd?.(mark);
    },
  };
}

function lengthsOf(model: string, marks: Iterable<PoisonMark>): readonly number[] {
  const lengths = new Set<number>();
  for (const mark of marks) if (modelKeyOf(mark) === model) lengths.add(mark.samples);
  return [...lengths].toSorted((a, b) => a - b);
}

const modelKeyOf = ({ directory, files }: PoisonedModel): string => `${directory}\0${files}`;
const keyOf = (mark: PoisonMark): string => `${modelKeyOf(mark)}\0${mark.samples}\0${mark.digest}`;
