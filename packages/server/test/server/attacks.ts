/** A request that two servers in a row might read differently. */
export interface Shape {
  readonly name: string;
  readonly bytes: string | Uint8Array;
  /** The statuses that it may be answered with; none: the connection ends without a word. */
  readonly statuses: readonly number[];
}

/** What would be done if a part of a body were taken for a request: it leaves a trace. */
export const hidden = (model: string): string => {
  const body = JSON.stringify({ model_path: model });
  return (
    `POST /api/models/load HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
};

const post = (headers: string, body: string): string =>
  `POST /api/nowhere HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`;

/**
 * Requests whose length can be read in more than one way, with another one where a server that reads it the wrong way
 * would find it. @param smuggled that other one
 */
export function smuggling(smuggled: string): readonly Shape[] {
  const chunked = `0\r\n\r\n${smuggled}`;
  const length = `Content-Length: ${smuggled.length}\r\n`;
  const te = "Transfer-Encoding: chunked\r\n";
  const both: readonly (readonly [string, string, string])[] = [
    ["a length, then chunks", `${length}${te}`, chunked],
    ["chunks, then a length", `${te}Content-Length: 4\r\n`, chunked],
    ["two lengths", `Content-Length: 0\r\n${length}`, smuggled],
    ["two lengths in one header", `Content-Length: 0, ${smuggled.length}\r\n`, smuggled],
    ["a length with a sign", `Content-Length: +${smuggled.length}\r\n`, smuggled],
    ["a negative length", "Content-Length: -1\r\n", smuggled],
    ["a length in hexadecimal", "Content-Length: 0x4\r\n", smuggled],
    ["a length that overflows", "Content-Length: 18446744073709551617\r\n", smuggled],
    ["a length with a blank in it", "Content-Length: 0 0\r\n", smuggled],
    ["a blank before the colon", "Transfer-Encoding : chunked\r\n", chunked],
    ["a tab before the colon", "Transfer-Encoding\t: chunked\r\n", chunked],
    ["another coding", "Transfer-Encoding: xchunked\r\n", chunked],
    ["a coding with a tail", "Transfer-Encoding: chunked\u000b\r\n", chunked],
    ["chunks and another coding behind", "Transfer-Encoding: chunked, identity\r\n", chunked],
    ["chunks twice", `${te}${te}`, chunked],
    ["a folded header", `Transfer-Encoding:\r\n chunked\r\n${length}`, chunked],
    ["a folded other header", `X-A: a\r\n b\r\n${te}`, chunked],
    ["a header without a name", `: chunked\r\n${length}`, smuggled],
    ["a carriage return alone in a header", `X-A: a\rTransfer-Encoding: chunked\r\n`, chunked],
    ["a NUL in a header", `X-A: a\0b\r\n${te}`, chunked],
    ["a line that is no header", `nonsense\r\n${te}`, chunked],
    ["a chunk with a sign", te, `+0\r\n\r\n${smuggled}`],
    ["a chunk in hexadecimal with its prefix", te, `0x0\r\n\r\n${smuggled}`],
    ["a chunk with an underscore", te, `0_0\r\n\r\n${smuggled}`],
    ["a chunk that overflows", te, `ffffffffffffffff1\r\n${smuggled}`],
    ["a chunk with a blank before its length", te, ` 0\r\n\r\n${smuggled}`],
    ["a chunk that ends with a line feed alone", te, `0\n\n${smuggled}`],
    ["a chunk whose data end without a line end", te, `1\r\nab0\r\n\r\n${smuggled}`],
    ["a line feed in the extension of a chunk", te, `1;a\nb\r\na\r\n0\r\n\r\n${smuggled}`],
    ["a trailer with a length", te, `0\r\nContent-Length: 5\r\nbroken trailer\r\n\r\n${smuggled}`],
  ];
  return [
    ...both.map(([name, headers, body]) => ({ name, bytes: post(headers, body), statuses: [400, 404, 413] })),
    ...wholes(smuggled),
  ];
}

const get = (line: string, headers = "Host: x\r\n", rest = ""): string =>
  `${line}\r\n${headers}Connection: close\r\n\r\n${rest}`;

/** Requests that are wrong as a whole, and some that are right but rare. */
function wholes(smuggled: string): readonly Shape[] {
  return [
    { name: "line feeds alone", bytes: "GET /livez HTTP/1.1\nHost: x\n\n", statuses: [400] },
    { name: "two hosts", bytes: get("GET /livez HTTP/1.1", "Host: x\r\nHost: y\r\n"), statuses: [200, 400] },
    { name: "HTTP/0.9", bytes: "GET /livez\r\n\r\n", statuses: [200, 400] },
    { name: "HTTP/1.2", bytes: get("GET /livez HTTP/1.2"), statuses: [400, 505] },
    {
      name: "HTTP/1.0 with chunks",
      bytes: `POST /api/nowhere HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
      statuses: [400, 404],
    },
    { name: "a method that there is not", bytes: get("SMUGGLE /livez HTTP/1.1"), statuses: [400] },
    { name: "a method in small letters", bytes: get("get /livez HTTP/1.1"), statuses: [400] },
    { name: "CONNECT", bytes: get("CONNECT 127.0.0.1:22 HTTP/1.1"), statuses: [] },
    {
      name: "an absolute URL of elsewhere",
      bytes: get("GET http://elsewhere.example/livez HTTP/1.1"),
      statuses: [200, 400, 404],
    },
    { name: "a star", bytes: get("OPTIONS * HTTP/1.1"), statuses: [200, 204, 400, 404] },
    { name: "a line end in the path", bytes: get("GET /livez\r\nX: y HTTP/1.1"), statuses: [200, 400] },
    {
      name: "bytes that are no ASCII in the path",
      bytes: Buffer.from(get("GET /livez\u00ff\u0080 HTTP/1.1"), "latin1"),
      statuses: [400, 404],
    },
    { name: "a fragment", bytes: get("GET /livez#/../api/models HTTP/1.1"), statuses: [200, 400, 404] },
    {
      name: "a body where none is looked for",
      bytes: get("GET /livez HTTP/1.1", `Host: x\r\nContent-Length: ${smuggled.length}\r\n`, smuggled),
      statuses: [200],
    },
    {
      name: "an upgrade with a body",
      bytes: get(
        "GET /livez HTTP/1.1",
        `Host: x\r\nUpgrade: websocket\r\nContent-Length: ${smuggled.length}\r\n`,
        smuggled,
      ),
      statuses: [200],
    },
    { name: "TLS", bytes: Buffer.from("16030100c8010000c40303", "hex"), statuses: [400] },
    { name: "TLS as of SSL 2", bytes: Buffer.from("802e0100020015000000100100800200800300", "hex"), statuses: [400] },
    { name: "SSH", bytes: "SSH-2.0-OpenSSH_9.9\r\n", statuses: [400] },
    {
      name: "a proxy's greeting",
      bytes: `PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n${get("GET /livez HTTP/1.1")}`,
      statuses: [400],
    },
    { name: "HTTP/2", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", statuses: [400, 505] },
    {
      name: "random bytes",
      bytes: Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * 7919) % 256)),
      statuses: [400],
    },
    { name: "a path of 100 KB", bytes: get(`GET /${"a".repeat(100_000)} HTTP/1.1`), statuses: [400, 431] },
    {
      name: "a header of 100 KB",
      bytes: get("GET /livez HTTP/1.1", `Host: x\r\nX: ${"a".repeat(100_000)}\r\n`),
      statuses: [431],
    },
    {
      name: "20,000 headers",
      bytes: get("GET /livez HTTP/1.1", `Host: x\r\n${"a:\r\n".repeat(20_000)}`),
      statuses: [400, 431],
    },
  ];
}

/** Paths that lead somewhere else if somebody reads them wrongly. */
export const paths: readonly string[] = [
  "/../../../../etc/passwd",
  "/docs/static/../../../../../../etc/passwd",
  "/docs/static/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
  "/docs/static/%2e%2e/%2e%2e/package.json",
  "/docs/static/..%5c..%5cpackage.json",
  "/docs/static/%252e%252e%252fpackage.json",
  "/docs/static/....//....//package.json",
  "/docs/static/swagger-ui.css%00.html",
  "/docs/static/\\..\\..\\package.json",
  "/api/models/status/../../../../etc/passwd",
  "/api/models/status/..%2f..%2f..%2fetc%2fpasswd",
  "/api/models/status/%2fetc%2fpasswd",
  "/api/models/status//etc/passwd",
  "/api/models/status/cn%00",
  "/api/models/status/C:%5cwindows%5cwin.ini",
  "/api/models/status/%5c%5chost%5cshare",
  "/api/models/status/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
  "/api/catalog/..%2f..%2fetc%2fpasswd",
  "/v1/models/..%2f..%2fetc%2fpasswd",
  "/v2/models/..%2f..%2fetc%2fpasswd",
  "//etc/passwd",
  "/;/etc/passwd",
  "/%",
  "/%ff%fe",
  `/${"../".repeat(3000)}etc/passwd`,
];

/** Texts that would make lines of their own in a log, or move the cursor of whoever reads it. */
export const forgeries: readonly string[] = [
  'a\n{"level":"info","msg":"forged"}',
  'a\r\n{"msg":"forged"}\r\n',
  "\u001b[2J\u001b[31mforged\u001b[0m",
  "\u009b31mforged",
  'a\u0085{"msg":"forged"}',
  'a\u2028{"msg":"forged"}',
  '","msg":"forged","x":"',
  "\u202edegrof\u0008\u007f",
  "\0forged",
];

/** JSON that means something to a language, and nothing to us. */
export const pollution: readonly string[] = [
  '{"__proto__":{"polluted":true},"model_path":"none/such"}',
  '{"constructor":{"prototype":{"polluted":true}},"model_path":"none/such"}',
  '{"model_path":{"__proto__":{"polluted":true}}}',
  '{"operations":[{"__proto__":{"polluted":true},"operation":"load","model_path":"none/such"}]}',
  '{"prototype":{"polluted":true}}',
  '["__proto__"]',
  '"__proto__"',
  '{"model_path":"__proto__"}',
  '{"model_path":"constructor"}',
  '{"name":"__proto__"}',
  '{"alias":"__proto__","model_path":"none/such"}',
];

/** JSON that is too much of something. */
export const bombs: readonly (readonly [name: string, text: string])[] = [
  ["deep arrays", "[".repeat(400_000)],
  ["deep arrays that end", "[".repeat(200_000) + "]".repeat(200_000)],
  ["deep objects", '{"a":'.repeat(100_000)],
  ["a deep field", `{"model_path":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}`],
  ["many fields", `{${Array.from({ length: 60_000 }, (_, n) => `"${n}":1`).join(",")}}`],
  ["the same field", `{${Array(60_000).fill('"model_path":"x"').join(",")}}`],
  ["a long number", `{"model_path":${"9".repeat(500_000)}}`],
  ["a long text", `{"model_path":"${"a".repeat(900_000)}"}`],
  ["many escapes", `{"model_path":"${"\\u0000".repeat(100_000)}"}`],
  ["half a surrogate", '{"model_path":"\\ud800"}'],
  ["no UTF-8", '{"model_path":"\u00ff"}'],
];

const part = (head: string, body = "x"): string => `--b\r\n${head}\r\n\r\n${body}\r\n`;
const disposition = (name: string): string => `Content-Disposition: form-data; name="${name}"`;

/** Bodies of `multipart/form-data; boundary=b`. */
export const forms: readonly (readonly [name: string, body: string])[] = [
  ["nothing", ""],
  ["no boundary", "hello"],
  ["another boundary", `--c\r\n${disposition("file")}\r\n\r\nx\r\n--c--\r\n`],
  ["no end", part(disposition("file"))],
  ["a head without end", `--b\r\n${disposition("file")}`],
  ["a head of 1 MB", part(`${disposition("file")}\r\nX: ${"a".repeat(1_000_000)}`)],
  ["a head of many lines", part(`${disposition("file")}\r\n${"a: b\r\n".repeat(50_000)}`)],
  ["100,000 parts", `${part(disposition("language")).repeat(20_000)}--b--\r\n`],
  ["no name", `${part("Content-Disposition: form-data")}--b--\r\n`],
  ["no disposition", `${part("Content-Type: audio/wav")}--b--\r\n`],
  ["a prototype", `${part(disposition("__proto__"))}${part(disposition("constructor[prototype][polluted]"))}--b--\r\n`],
  ["a field of 5 MB", `${part(disposition("language"), "x".repeat(5_000_000))}--b--\r\n`],
  ["a name with line ends", `${part(disposition("a%0d%0ab\\\r\n"))}--b--\r\n`],
  ["a file name that leads out", `${part(`${disposition("file")}; filename="../../../etc/passwd"`)}--b--\r\n`],
  ["multipart in multipart", `${part(`${disposition("file")}\r\nContent-Type: multipart/mixed; boundary=b`)}--b--\r\n`],
  ["two files", `${part(`${disposition("file")}; filename="a"`).repeat(2)}--b--\r\n`],
];
