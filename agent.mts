import { readNetworkFile, rpcUrl, rpcToken, type ChainName } from "/work/wt/genesis/scripts/network/network-file.js";
import { readDeployment } from "/work/wt/genesis/sdk/node/deployments.js";
import { CONTRACT_INTERFACES } from "/work/wt/genesis/sdk/contracts.js";
const [dir] = process.argv.slice(2) as [string];
const network = await readNetworkFile(dir);
const deployment = await readDeployment(`${dir}/besu.json`);
const from: Record<string, number> = {transaction: 0, user: 0};
for (;;) {
  const token = await rpcToken(dir);
  const ask = async (url: string, method: string, params: unknown[] = []) => { const r = await fetch(url,{method:"POST",headers:{"content-type":"application/json",authorization:`Bearer ${token}`},body:JSON.stringify({jsonrpc:"2.0",id:1,method,params})}); return (await r.json() as any); };
  for (const chain of ["transaction","user"] as ChainName[]) try {
    const url = rpcUrl(network, network.nodes[0]!, chain);
    const head = Number((await ask(url,"eth_blockNumber")).result);
    if (head < from[chain]!) continue;
    const abi = CONTRACT_INTERFACES.Federation;
    const logs = (await ask(url,"eth_getLogs",[{address: deployment.chains[chain].contracts.Federation.address, fromBlock:"0x"+from[chain]!.toString(16), toBlock:"0x"+head.toString(16), topics:[[abi.getEvent("MemberAdmitted")!.topicHash, abi.getEvent("UserAdmitted")!.topicHash]]}])).result;
    const accounts = logs.map((l: any) => "0x"+l.topics[1].slice(26));
    for (const node of network.nodes) for (const a of accounts) await ask(rpcUrl(network,node,chain),"perm_addAccountsToAllowlist",[[a]]);
    if (accounts.length) console.log(chain, head, accounts.length);
    from[chain] = head + 1;
  } catch (e) { console.log(String(e)); }
  await new Promise(r=>setTimeout(r,1000));
}
