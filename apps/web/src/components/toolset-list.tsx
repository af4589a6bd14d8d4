import type { HoldfastError } from "@holdfast/client";
import type { ServerInfo, ToolsetInfo } from "@holdfast/protocol";
import { useEffect, useState, useSyncExternalStore } from "react";
import { restartToolset, toolsets } from "../server/server.ts";
import { Disclosure } from "./disclosure.tsx";

/** While it is looked at: a server that dies or comes back shows soon. */
const REFRESH_MS = 3_000;

/** What the agents may use, and how each server behind it fares. Nothing is asked for before it is opened. */
export function Toolsets() {
  return (
    <Disclosure heading="Tools" className="toolsets">
      <ToolsetList />
    </Disclosure>
  );
}

function ToolsetList() {
  const { data, error } = useSyncExternalStore(toolsets.subscribe, toolsets.getView);
  useEffect(() => {
    void toolsets.refresh();
    const timer = setInterval(() => void toolsets.refresh(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  if (data === null) return <p className="sidebar-note">{error ? error.message : "Loading…"}</p>;
  return (
    <ul aria-label="Tools" className="toolset-list">
      {data.data.map((toolset) => (
        <li key={toolset.toolset}>
          <Toolset {...toolset} />
        </li>
      ))}
    </ul>
  );
}

function Toolset({ toolset, state, error, tools, servers = [] }: ToolsetInfo) {
  return (
    <>
      <p className="toolset-heading">
        <span className="conversation-title">{toolset}</span>
        <span className="toolset-state" data-state={state}>
          {state}
        </span>
      </p>
      {error !== undefined && <p>{error}</p>}
      {servers.length === 0 && <p className="soft">{countOf(tools.length, "tool")}</p>}
      {servers.map((server) => (
        <Server key={server.runner} server={server} shownError={error} />
      ))}
      {servers.length > 0 && <RestartButton toolset={toolset} />}
    </>
  );
}

function Server({ server, shownError }: { server: ServerInfo; shownError: string | undefined }) {
  const { state, pid, transport, restarts, latency_ms, tools, last_error } = server;
  const facts = [
    state,
    pid !== undefined && `process ${pid}`,
    transport,
    countOf(tools, "tool"),
    countOf(restarts, "restart"),
    latency_ms !== undefined && `last call ${latency_ms} ms`,
  ];
  return (
    <>
      <p className="soft">{facts.filter(Boolean).join(" · ")}</p>
      {last_error !== undefined && last_error.message !== shownError && (
        <p className="soft">
          Last trouble, <time dateTime={last_error.at}>{new Date(last_error.at).toLocaleTimeString()}</time>:{" "}
          {last_error.message}
        </p>
      )}
    </>
  );
}

function RestartButton({ toolset }: { toolset: string }) {
  const [isAsked, setIsAsked] = useState(false);
  const [error, setError] = useState<HoldfastError | undefined>();
  const restart = async () => {
    setIsAsked(true);
    setError(await restartToolset(toolset));
    setIsAsked(false);
  };
  return (
    <>
      <button
        type="button"
        className="plain-button"
        aria-label={`Restart ${toolset}`}
        disabled={isAsked}
        onClick={() => void restart()}
      >
        Restart
      </button>
      {error && (
        <span role="alert" className="inline-error">
          {error.message}
        </span>
      )}
    </>
  );
}

const countOf = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
