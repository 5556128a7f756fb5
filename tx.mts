import { readNetworkFile, rpcUrl, rpcToken } from "/work/wt/genesis/scripts/network/network-file.js";
import { CONTRACT_INTERFACES, decodeError } from "/work/wt/genesis/sdk/contracts.js";
import { readDeployment } from "/work/wt/genesis/sdk/node/deployments.js";
const [dir, hash] = process.argv.slice(2) as [string,string];
const network = await readNetworkFile(dir); const d = await readDeployment(`${dir}/besu.json`);
const token = await rpcToken(dir); const url = rpcUrl(network, network.nodes[0]!, "transaction");
const ask = async (method: string, params: unknown[] = []) => { const r = await fetch(url,{method:"POST",headers:{"content-type":"application/json",authorization:`Bearer ${token}`},body:JSON.stringify({jsonrpc:"2.0",id:1,method,params})}); return (await r.json() as any); };
const r = (await ask("eth_getTransactionReceipt",[hash])).result; const t = (await ask("eth_getTransactionByHash",[hash])).result;
console.log(Number(r.blockNumber), r.status, "gasUsed", Number(r.gasUsed), "limit", Number(t.gas), "idx", r.transactionIndex, r.revertReason);
const name = Object.entries(d.chains.transaction.contracts).find(([,c])=>c.address.toLowerCase()===t.to.toLowerCase())?.[0] as any;
const p = CONTRACT_INTERFACES[name as "Clearing"].parseTransaction({data:t.input}); console.log(name, p?.name, t.input.length/2);
if (r.revertReason) try { console.log(decodeError({data:r.revertReason}).message) } catch(e) {console.log(e)}
for (const back of [1,0]) { const c = await ask("eth_call",[{from:t.from,to:t.to,data:t.input,gas:t.gas},"0x"+(Number(r.blockNumber)-back).toString(16)]); console.log(back, JSON.stringify(c).slice(0,200)); }
const e = await ask("eth_estimateGas",[{from:t.from,to:t.to,data:t.input},"0x"+(Number(r.blockNumber)-1).toString(16)]); console.log(e.result && Number(e.result), e.error);
const b = (await ask("eth_getBlockByNumber",[r.blockNumber,true])).result; console.log(Number(b.timestamp), b.transactions.length);
for (let n = Number(r.blockNumber)-6; n<=Number(r.blockNumber); n++) { const bb=(await ask("eth_getBlockByNumber",["0x"+n.toString(16),true])).result; console.log(n, Number(bb.timestamp), bb.transactions.length, bb.miner); }
