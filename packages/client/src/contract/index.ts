export * from "./catalog.ts";
export * from "./catalogue.ts";
export * from "./failure.ts";
export * from "./models.ts";
export * from "./transcribe.ts";
