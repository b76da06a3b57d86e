import { type Audio, type AudioSource, audioOf } from "./audio.ts";
import { BaseClient } from "./client.ts";
import { defaultBaseUrl, httpTransport } from "./http.ts";
import { type ClientOptions, transportOf } from "./options.ts";

/**
 * The client for browsers and everything else that has `fetch` and web streams. `baseUrl` ends in `/api`, which is
 * added to a URL without a path; user and password in it are sent as HTTP Basic.
 */
export class ModelAPIClient extends BaseClient<AudioSource> {
  /** @throws TypeError if the URL or an option is wrong */
  constructor(baseUrl: string = defaultBaseUrl, options: ClientOptions = {}) {
    super(
      transportOf(options, () => httpTransport(baseUrl, options)),
      options,
    );
  }

  protected override async openSource(source: AudioSource): Promise<Audio> {
    return audioOf(source);
  }
}

export * from "./exports.ts";
export { httpTransport } from "./http.ts";
