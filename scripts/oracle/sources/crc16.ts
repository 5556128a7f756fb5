/** Check sums of meters' telegrams: 16 bits, least significant bit first. */

interface Crc16 {
  /** The polynomial, its bits reversed. */
  readonly polynomial: number;
  readonly start: number;
  readonly xorOut: number;
}

/** CRC-16/ARC (x^16 + x^15 + x^2 + 1), of DSMR P1 telegrams; of "123456789" it is 0xbb3d. */
export const CRC16_ARC: Crc16 = { polynomial: 0xa001, start: 0, xorOut: 0 };
/** CRC-16/X-25 (x^16 + x^12 + x^5 + 1), of SML files; of "123456789" it is 0x906e. */
export const CRC16_X25: Crc16 = { polynomial: 0x8408, start: 0xffff, xorOut: 0xffff };

export function crc16({ polynomial, start, xorOut }: Crc16, bytes: Uint8Array): number {
  let crc = start;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ polynomial;
  }
  return crc ^ xorOut;
}
