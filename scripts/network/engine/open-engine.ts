/** Which engine runs a folder's nodes: containers when an engine answers, else processes. */
import { InputError } from "../../inputs/error.js";
import type { NetworkFile } from "../network-file.js";
import { dockerAnswers, DockerEngine } from "./docker-engine.js";
import type { Engine } from "./engine.js";
import { BESU_VARIABLE, findBesu, hasProcesses, ProcessEngine } from "./process-engine.js";

export const ENGINE_KINDS = ["docker", "processes"] as const;
export type EngineKind = (typeof ENGINE_KINDS)[number];

export interface EngineOptions {
  readonly dir: string;
  readonly network: NetworkFile;
  readonly environment: NodeJS.ProcessEnv;
  /** The one that was asked for; absent: what is there. */
  readonly kind?: EngineKind | undefined;
  /** Whether nodes are to be started; ending processes takes no Besu. */
  readonly starts: boolean;
}

/** Opens the engine; an `InputError` where there is neither. */
export async function openEngine({ kind, starts, ...options }: EngineOptions): Promise<Engine> {
  const { dir, network, environment } = options;
  const mayBeDocker = kind === "docker" || (kind === undefined && !(await hasProcesses(dir, network)));
  if (mayBeDocker && (await dockerAnswers(environment))) return new DockerEngine(options);
  if (kind !== "docker" && !starts) return ProcessEngine.open({ ...options, besu: undefined });
  const besu = kind === "docker" ? undefined : await findBesu(environment);
  if (besu !== undefined) return ProcessEngine.open({ ...options, besu });
  const problem = kind === "docker" ? "no docker engine answers" : "there is neither a docker engine nor a Besu";
  const advice =
    kind === "docker"
      ? "Start it, with its compose plugin, or take --engine processes"
      : `Start docker, put besu on PATH, or name its launcher in ${BESU_VARIABLE}`;
  throw new InputError({ file: "this machine" }, problem, advice);
}
