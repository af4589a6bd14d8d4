/**
 * The ports of the stack's services. They are chosen early, because services are told each other's; somebody may take one
 * before its service binds it. So each is looked at again before every start, until its service was ready once: from then on
 * people and dashboards know it, and it stays.
 */
import { anyFreePort, nextFreePort } from "../ports.ts";
import type { Settings } from "../settings.ts";

const LOOPBACK = "127.0.0.1";
/** Where operators find each service's health and metrics, unless somebody else has the port. */
const ADMIN_PORTS = { worker: 8081, "tool-runner": 8082, gateway: 8083 } as const;

export type Service = keyof typeof ADMIN_PORTS;

export class ServicePorts {
  gateway = 0;
  demoModel = 0;
  readonly admin: Record<Service, number> = { worker: 0, "tool-runner": 0, gateway: 0 };
  readonly #settings: Settings;

  private constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Throws when the gateway's port was chosen by somebody and is taken. */
  static async choose(settings: Settings): Promise<ServicePorts> {
    const ports = new ServicePorts(settings);
    ports.gateway = await nextFreePort(settings.gatewayPort, settings.gatewayHost);
    if (settings.isPortChosen && ports.gateway !== settings.gatewayPort) {
      throw new Error(
        `port ${settings.gatewayPort} (GATEWAY_PORT) is taken; choose another, or leave it out for a free one`,
      );
    }
    for (const service of ["worker", "tool-runner", "gateway"] as const) await ports.#chooseAdmin(service);
    ports.demoModel = await anyFreePort(LOOPBACK, ports.#all());
    return ports;
  }

  /** Replaces the ports of a service that was never ready where somebody has taken them. */
  async lookAgain(service: Service): Promise<void> {
    await this.#chooseAdmin(service);
    if (service !== "gateway" || this.#settings.isPortChosen) return;
    this.gateway = await nextFreePort(this.gateway, this.#settings.gatewayHost, Object.values(this.admin));
  }

  async #chooseAdmin(service: Service): Promise<void> {
    if (this.#settings.isAdminOff) return;
    const own = this.admin[service];
    const others = this.#all().filter((port) => port !== own);
    this.admin[service] = await nextFreePort(own || ADMIN_PORTS[service], LOOPBACK, others);
  }

  #all(): number[] {
    return [this.gateway, this.demoModel, ...Object.values(this.admin)];
  }
}
