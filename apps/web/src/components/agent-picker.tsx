import type { Agent } from "@holdfast/protocol";

/** Chooses who answers the next message. With one agent there is nothing to choose. */
export function AgentPicker(props: {
  agents: readonly Agent[];
  chosen: string | null;
  onChoose: (name: string) => void;
}) {
  if (props.agents.length < 2) return null;
  return (
    <select
      className="agent-picker"
      aria-label="Agent"
      value={props.chosen ?? ""}
      onChange={(event) => props.onChoose(event.target.value)}
    >
      {props.agents.map((agent) => (
        <option key={agent.name} value={agent.name}>
          {agent.state === "running" ? agent.name : `${agent.name} (${agent.state})`}
        </option>
      ))}
    </select>
  );
}
