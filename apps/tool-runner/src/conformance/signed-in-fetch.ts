import {
  auth,
  computeScopeUnion,
  extractWWWAuthenticateParams,
  type FetchLike,
  isStrictScopeSuperset,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import type { HeadlessUser } from "./headless-user.ts";

/** How often one request may be sent again with a better token. */
const MAX_SIGN_INS = 3;

/**
 * A fetch that signs in where it is asked to (401), and asks for more where that was not enough (403). All of OAuth is the
 * SDK's; what a person would do in a browser is done by `user`.
 */
export function signedInFetch(user: HeadlessUser, serverUrl: URL): FetchLike {
  return async (url, init) => {
    for (let signIns = 0; ; signIns += 1) {
      const headers = new Headers(init?.headers);
      const token = user.tokens()?.access_token;
      if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
      const response = await fetch(url, { ...init, headers });
      if (response.status !== 401 && response.status !== 403) return response;
      if (signIns === MAX_SIGN_INS) throw new UnauthorizedError(`still refused after ${MAX_SIGN_INS} sign-ins`);
      await signIn(user, serverUrl, response);
    }
  };
}

async function signIn(user: HeadlessUser, serverUrl: URL, refusal: Response): Promise<void> {
  const { resourceMetadataUrl, scope: wanted } = extractWWWAuthenticateParams(refusal);
  const granted = user.tokens()?.scope;
  const scope = refusal.status === 403 ? computeScopeUnion(granted, wanted) : wanted;
  const options = {
    serverUrl,
    ...(scope !== undefined && { scope }),
    ...(resourceMetadataUrl !== undefined && { resourceMetadataUrl }),
  };
  const forceReauthorization = refusal.status === 403 && isStrictScopeSuperset(scope, granted);
  if ((await auth(user, { ...options, forceReauthorization })) === "AUTHORIZED") return;
  const { code, iss } = user.callback;
  const ended = await auth(user, { ...options, authorizationCode: code, ...(iss !== undefined && { iss }) });
  if (ended !== "AUTHORIZED") throw new UnauthorizedError(`the sign-in ended as ${ended}`);
}
