import { spawn } from "node:child_process";
import { openSync, mkdirSync } from "node:fs";
import { readNetworkFile, nodeFolder, enodeUrl, rpcUrl, rpcToken, type ChainName } from "/work/wt/genesis/scripts/network/network-file.js";
import { besuArguments } from "/work/wt/genesis/scripts/network/besu-flags.js";
import { unlockNode } from "/work/wt/genesis/scripts/network/unlock.js";
const [dir, pw, chainsArg] = process.argv.slice(2) as [string,string,string];
const network = await readNetworkFile(dir);
for (const chain of chainsArg.split(",") as ChainName[]) for (const node of network.nodes) {
  const mem = `/dev/shm/g/keys/${node.name}-${chain}`;
  await unlockNode(dir, network, {node, chain, password: pw, folder: mem});
  const own = nodeFolder(dir, node, chain);
  const args = besuArguments(network, node, chain, {genesis:`${dir}/${chain}/genesis.json`, data:`${own}/data`, nodeKey:`${mem}/node.key`, permissions:`${own}/permissions.toml`, jwtPublic:`${own}/jwt-public.pem`, tlsKeystore:`${own}/tls.p12`, tlsPassword:`${mem}/tls.password`});
  const log = openSync(`${own}/besu.log`, "a");
  const p = spawn("/work/besu/bin/besu", args, {detached:true, stdio:["ignore",log,log], env:{...process.env, BESU_OPTS:"-Xmx512m -XX:+UseSerialGC"}});
  console.log(p.pid); p.unref();
}
