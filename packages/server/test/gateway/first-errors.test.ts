import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { firstErrors } from "../../dist/gateway/first-errors.js";

const lists = Compile(
  Type.Object({ names: Type.Array(Type.String(), { maxItems: 30_000 }), more: Type.Optional(Type.Unknown()) }),
);

test("of millions of wrong values some thousand are named, beginning with the first", () => {
  const errors = firstErrors(lists, { names: Array(2_000_000).fill(1) });
  assert.equal(errors[0]?.instancePath, "/names/0");
  assert.ok(errors.length <= 20_001, String(errors.length));
});

test("what is wrong far behind the beginning is named by the list that it is in", () => {
  const names: unknown[] = Array(29_000).fill("a");
  names[28_999] = 1;
  const [error] = firstErrors(lists, { names });
  assert.equal(error?.instancePath, "/names");
  assert.match(error?.message ?? "", /behind its beginning/);
});

test("a small value has its own errors, all of them", () => {
  const value = { names: ["a", 1, 2] };
  assert.deepEqual(firstErrors(lists, value), lists.Errors(value));
});
