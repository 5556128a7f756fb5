/** Blocks of a chain as evidence has them: all of a body is read, and its roots must be those of the header. */
import {
  encodeReceipt,
  listTrie,
  rawHeaderFromRpc,
  rawTransactionFromRpc,
  readHeader,
  receiptFromRpc,
} from "../../../light/index.js";
import { readRawBlock, sendRpc } from "../../../sdk/actions/turns.js";
import type { AnyChain } from "../../../sdk/connect.js";
import { CommonwattError } from "../../../sdk/errors.js";
import type { EvidenceBlock, EvidenceIdentity } from "./file.js";

type RpcObject = Readonly<Record<string, unknown>>;

/** Whose contracts the evidence is about. */
export function identityOf({ kind, network, deployment }: AnyChain): EvidenceIdentity {
  const { chainId, genesisHash } = deployment;
  const contracts = Object.fromEntries(
    Object.entries(deployment.contracts).map(([name, { address }]) => [name, address]),
  );
  return { network, chain: kind, chainId, genesisHash, contracts };
}

/** Blocks with the proofs of some of their transactions, ascending. EndpointContradicts where an answer can't be true. */
export async function collectBlocks(
  chain: AnyChain,
  wanted: readonly { readonly block: number; readonly transaction: string }[],
): Promise<EvidenceBlock[]> {
  const numbers = [...new Set(wanted.map(({ block }) => block))].sort((a, b) => a - b);
  const blocks: EvidenceBlock[] = [];
  for (const number of numbers) {
    const hashes = new Set(wanted.filter(({ block }) => block === number).map(({ transaction }) => transaction));
    blocks.push(await collectBlock(chain, number, hashes));
  }
  return blocks;
}

async function collectBlock(chain: AnyChain, number: number, hashes: ReadonlySet<string>): Promise<EvidenceBlock> {
  const blockNumber = BigInt(number);
  const contradicts = (what: string): CommonwattError => new CommonwattError("BodyNotOfHeader", { what, blockNumber });
  const block = await readRawBlock(chain.provider, blockNumber, { areTransactionsWhole: true });
  const raw = rawHeaderFromRpc(block);
  const header = readHeader(raw);
  if (header.hash !== block["hash"]) throw contradicts("hash");
  const bodies = block["transactions"] as readonly RpcObject[];
  const transactions = bodies.map(rawTransactionFromRpc);
  const transactionTrie = listTrie(transactions);
  if (transactionTrie.root !== header.transactionsRoot) throw contradicts("list of transactions");
  const receipts = await Promise.all(bodies.map(({ hash }) => readReceipt(chain, hash as string)));
  const receiptTrie = listTrie(receipts);
  if (receiptTrie.root !== header.receiptsRoot) throw contradicts("list of receipts");
  const items = bodies.flatMap(({ hash }, place) =>
    hashes.has(hash as string)
      ? [
          {
            place,
            hash: hash as string,
            transaction: transactions[place] ?? "",
            transactionProof: transactionTrie.prove(place),
            receipt: receipts[place] ?? "",
            receiptProof: receiptTrie.prove(place),
          },
        ]
      : [],
  );
  return { number, hash: header.hash, header: raw, items };
}

async function readReceipt({ provider }: AnyChain, hash: string): Promise<string> {
  const receipt = await sendRpc(provider, "eth_getTransactionReceipt", [hash]);
  if (receipt === null) throw new CommonwattError("TransactionUnknown", { hash });
  return encodeReceipt(receiptFromRpc(receipt as RpcObject));
}
