import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeKernels } from "../../dist/audio/kernel.js";
import { Kernels, resample, startResampling } from "../../dist/audio/resample.js";
import { distance, joined, tone } from "./reading.ts";

const kernels = new Kernels();

function convert(signal: Float32Array<ArrayBuffer>, rate: number, sizes: readonly number[] = [signal.length || 1]) {
  const state = startResampling(rate, kernels);
  const chunks: Float32Array[] = [];
  for (let at = 0, n = 0; at < signal.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    chunks.push(resample(state, signal.slice(at, at + size), false, kernels));
    at += size;
  }
  chunks.push(resample(state, new Float32Array(0), true, kernels));
  return joined(chunks);
}

const rates = [1000, 8000, 11_025, 12_345, 16_000, 22_050, 24_000, 32_000, 44_100, 44_101, 48_000, 96_000, 192_000];
const decibels = (ratio: number) => 20 * Math.log10(ratio);
/** Amplitude of one frequency in the middle of a signal. */
function level(signal: Float32Array, from: number, to: number): number {
  let sum = 0;
  for (let n = from; n < to; n++) sum += (signal[n] ?? Number.NaN) ** 2;
  return Math.sqrt((2 * sum) / (to - from));
}

test("N samples become ceil(N * 16000 / rate)", () => {
  for (const rate of [...rates, 768_000]) {
    for (const length of [0, 1, 2, 3, 5, 100, 441, 1000, 4411]) {
      assert.equal(
        convert(new Float32Array(length), rate).length,
        Math.ceil((length * 16_000) / rate),
        `${rate}, ${length}`,
      );
    }
  }
});

for (const rate of [...rates, 767_999]) {
  test(`tones of the pass band come out of ${rate} Hz as they were, at the time they were`, () => {
    const edge = Math.min(rate, 16_000) / 2;
    for (const part of [0.01, 0.2, 0.5, 0.8, 0.86]) {
      const seconds = rate < 2000 ? 1 : 0.2;
      const got = convert(tone(part * edge, rate, seconds), rate);
      const margin = Math.ceil((60 * 16_000) / (2 * edge));
      const error = distance(got, tone(part * edge, 16_000, seconds), margin, got.length - margin) / 0.5;
      assert.ok(error < 1e-4, `${part}: ${decibels(error)} dB`);
    }
  });
}

for (const rate of rates.filter((each) => each > 16_000)) {
  test(`what is above 8 kHz in ${rate} Hz is gone, by 90 dB at least`, () => {
    const nyquist = rate / 2;
    for (const hz of [8050, 8500, 9000, 10_000, 12_000, 15_000, 16_000, 20_000, 31_000, 47_000, 90_000]) {
      if (hz >= nyquist) continue;
      const got = convert(tone(hz, rate, 0.1), rate);
      const rest = level(got, 200, got.length - 200) / 0.5;
      assert.ok(rest < 10 ** (-90 / 20), `${hz} Hz: ${decibels(rest)} dB`);
    }
  });
}

test("8 kHz audio gets no images above 4 kHz, by 90 dB at least", () => {
  const got = convert(tone(3400, 8000, 0.5), 8000);
  const image = distance(got, tone(3400, 16_000, 0.5), 300, got.length - 300) / 0.5;
  assert.ok(image < 10 ** (-90 / 20), `${decibels(image)} dB`);
});

function bessel(x: number): number {
  let sum = 1;
  for (let k = 1, term = 1; k < 60; k++) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}

/** The textbook: every output is the sum over every input, in double precision, with one long filter. */
function direct(signal: Float32Array, rate: number): Float64Array {
  const scale = Math.min(1, 16_000 / rate);
  const half = Math.ceil(3.2 / (0.065 * scale));
  const cutoff = scale * 0.935;
  const kernel = (t: number) => {
    if (Math.abs(t) >= half) return 0;
    const sinc = t === 0 ? 1 : Math.sin(Math.PI * cutoff * t) / (Math.PI * cutoff * t);
    return (cutoff * sinc * bessel(10.06 * Math.sqrt(1 - (t / half) ** 2))) / bessel(10.06);
  };
  return Float64Array.from({ length: Math.ceil((signal.length * 16_000) / rate) }, (_, n) => {
    const at = (n * rate) / 16_000;
    let sum = 0;
    for (let k = Math.max(0, Math.ceil(at - half)); k < signal.length && k <= at + half; k++) {
      sum += (signal[k] ?? 0) * kernel(at - k);
    }
    return sum;
  });
}

for (const rate of rates.filter((each) => each !== 16_000)) {
  test(`noise from ${rate} Hz is what the direct sum gives, at both ends too`, () => {
    let seed = 1;
    const noise = Float32Array.from({ length: Math.round(rate / 20) }, () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647 - 0.5;
    });
    const error = distance(convert(noise, rate), direct(noise, rate));
    assert.ok(error < 3e-5, `off by ${error}`);
  });
}

test("chunks of any size give the same samples, bit by bit", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...rates),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 0, max: 3000 }),
      (rate, sizes, length) => {
        const signal = Float32Array.from({ length }, (_, n) => Math.sin(n * n * 0.001));
        assert.deepEqual(convert(signal, rate, sizes), convert(signal, rate));
      },
    ),
    { numRuns: 60 },
  );
});

test("tables of odd rates stay small", () => {
  for (const rate of [1001, 12_347, 15_999, 16_001, 44_101, 191_999, 767_999]) {
    const bytes = kernels.of(rate).reduce((sum, { rows }) => sum + rows.byteLength, 0);
    assert.ok(bytes < 2_000_000, `${rate}: ${bytes}`);
  }
});

test("a loud square wave stays in [-1, 1]", () => {
  const square = Float32Array.from({ length: 44_100 }, (_, n) => (Math.floor(n / 50) % 2 === 0 ? 1 : -1));
  assert.ok(convert(square, 44_100).every((value) => value >= -1 && value <= 1));
});

test("a rate that is no rate is refused, and not halved for ever", () => {
  for (const rateHz of [Number.POSITIVE_INFINITY, Number.NaN, -8000, 0, 0.5, 44_100.5, 1e300]) {
    assert.throws(() => makeKernels(rateHz), RangeError);
  }
});
