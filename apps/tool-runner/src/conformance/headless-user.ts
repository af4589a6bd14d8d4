import type {
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from "@modelcontextprotocol/client";

const REDIRECT_URL = "http://localhost:3000/callback";

interface Callback {
  readonly code: string;
  readonly iss?: string;
}

/** Agrees to everything: follows the authorization server to the redirect and takes the code that stands in it. */
export class HeadlessUser implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT_URL;
  /** Where our client describes itself, for servers that register nobody. */
  readonly clientMetadataUrl = "https://conformance-test.local/client-metadata.json";
  readonly clientMetadata: OAuthClientMetadata = { client_name: "holdfast", redirect_uris: [REDIRECT_URL] };
  #client: StoredOAuthClientInformation | undefined;
  #tokens: StoredOAuthTokens | undefined;
  #verifier = "";
  #callback: Callback | undefined;
  #discovery: OAuthDiscoveryState | undefined;

  /** `registered` where the authorization server knows us already. */
  constructor(registered?: { readonly client_id: string; readonly client_secret?: string }) {
    this.#client = registered && { ...registered, redirect_uris: [REDIRECT_URL] };
  }

  clientInformation(): StoredOAuthClientInformation | undefined {
    return this.#client;
  }

  saveClientInformation(client: StoredOAuthClientInformation): void {
    this.#client = client;
  }

  tokens(): StoredOAuthTokens | undefined {
    return this.#tokens;
  }

  saveTokens(tokens: StoredOAuthTokens): void {
    this.#tokens = tokens;
    this.#callback = undefined;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    // A code is exchanged where it came from; every other sign-in looks anew.
    return this.#callback && this.#discovery;
  }

  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.#discovery = state;
  }

  async redirectToAuthorization(authorizationUrl: URL): Promise<void> {
    const response = await fetch(authorizationUrl, { redirect: "manual" });
    const { searchParams } = new URL(response.headers.get("location") ?? "");
    const iss = searchParams.get("iss");
    this.#callback = { code: searchParams.get("code") ?? "", ...(iss !== null && { iss }) };
  }

  /** Of the sign-in that is under way; it ends with its tokens. */
  get callback(): Callback {
    if (this.#callback === undefined) throw new Error("nobody was redirected");
    return this.#callback;
  }
}
