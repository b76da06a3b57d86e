#!/usr/bin/env node
// Plain old JavaScript that every Node can read (bin/package.json makes it CommonJS), so that a Node which is too old
// says so in one line instead of failing on the syntax or the modules of what comes after.
"use strict";

var needed = 24;
if (parseInt(process.versions.node, 10) < needed) {
  console.error(
    "voxpool needs Node " +
      needed +
      " or later; this is Node " +
      process.versions.node +
      " (" +
      process.execPath +
      ").",
  );
  process.exit(1);
}

if (!require("node:fs").existsSync(require("node:path").join(__dirname, "../dist/cli/run.js"))) {
  console.error("voxpool has not been built in this clone yet. Run: npm run build (npm start does it by itself).");
  process.exit(1);
}

void require("../dist/cli/run.js").main();
