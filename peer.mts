import { readNetworkFile, enodeUrl, rpcUrl, rpcToken, type ChainName } from "/work/wt/genesis/scripts/network/network-file.js";
const [dir, chainsArg] = process.argv.slice(2) as [string,string];
const network = await readNetworkFile(dir);
const token = await rpcToken(dir);
const ask = async (url: string, method: string, params: unknown[] = [], t = token) => { const r = await fetch(url,{method:"POST",headers:{"content-type":"application/json",...(t===""?{}:{authorization:`Bearer ${t}`})},body:JSON.stringify({jsonrpc:"2.0",id:1,method,params})}); return r.ok ? (await r.json() as any) : {status: r.status}; };
for (const chain of chainsArg.split(",") as ChainName[]) {
  for (const a of network.nodes) for (const b of network.nodes) if (a.name < b.name) { const r = await ask(rpcUrl(network,a,chain),"admin_addPeer",[enodeUrl(b,chain)]); if (r.result !== true) console.log(JSON.stringify(r)); }
  const url = rpcUrl(network, network.nodes[0]!, chain);
  console.log(await ask(url,"eth_chainId",[],""), await ask(url,"web3_clientVersion"));
  const g = await ask(url,"eth_getBlockByNumber",["0x0",false]); console.log("genesis", g.result.hash, g.result.hash === network.chains[chain]!.genesisHash);
  await new Promise(r=>setTimeout(r,12000));
  for (const n of network.nodes) console.log(n.name, (await ask(rpcUrl(network,n,chain),"eth_blockNumber")).result, (await ask(rpcUrl(network,n,chain),"net_peerCount")).result);
  console.log((await ask(url,"qbft_getValidatorsByBlockNumber",["latest"])).result, (await ask(url,"perm_getAccountsAllowlist")).result.length, (await ask(url,"perm_getNodesAllowlist")).result.length);
}
