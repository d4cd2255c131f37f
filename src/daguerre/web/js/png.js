/** A mask as a PNG of one bit per pixel, of any size, without a canvas of that size. */

const ROWS = 64;

/**
 * `alpha` is a mask of `width` x `height` bytes, 0-255; the PNG is `wide` x `high` pixels, white where the mask,
 * drawn to that size, is at least `threshold`.
 */
export async function maskPng(alpha, width, height, wide, high, threshold = 96) {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, wide);
  header.setUint32(4, high);
  header.setUint8(8, 1);
  const packed = new Response(rows(alpha, width, height, wide, high, threshold).pipeThrough(new CompressionStream("deflate")));
  const data = new Uint8Array(await packed.arrayBuffer());
  const signature = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return new Blob(
    [signature, ...chunk("IHDR", new Uint8Array(header.buffer)), ...chunk("IDAT", data), ...chunk("IEND", new Uint8Array())],
    { type: "image/png" },
  );
}

/** The rows of the picture, each behind the byte that says it is not filtered. */
function rows(alpha, width, height, wide, high, threshold) {
  const stride = 1 + Math.ceil(wide / 8);
  const columns = Float64Array.from({ length: wide }, (_, x) => place(x, wide, width));
  const line = new Float32Array(width);
  let y = 0;
  return new ReadableStream({
    pull(stream) {
      const count = Math.min(ROWS, high - y);
      const block = new Uint8Array(stride * count);
      for (let row = 0; row < count; row += 1, y += 1) {
        const any = blend(alpha, width, height, place(y, high, height), line);
        if (any) drawRow(line, width, columns, threshold, block, row * stride + 1);
      }
      stream.enqueue(block);
      if (y >= high) stream.close();
    },
  });
}

/** Where pixel `at` of `length` lies among `own` pixels. */
const place = (at, length, own) => Math.min(own - 1, Math.max(0, ((at + 0.5) * own) / length - 0.5));

/** The mask's row at `y`, between two rows of it; false where nothing is in it. */
function blend(alpha, width, height, y, line) {
  const top = Math.floor(y);
  const share = y - top;
  const above = top * width;
  const below = Math.min(height - 1, top + 1) * width;
  let any = false;
  for (let x = 0; x < width; x += 1) {
    const value = alpha[above + x] * (1 - share) + alpha[below + x] * share;
    line[x] = value;
    any ||= value > 0;
  }
  return any;
}

function drawRow(line, width, columns, threshold, block, at) {
  for (let x = 0; x < columns.length; x += 1) {
    const left = Math.floor(columns[x]);
    const share = columns[x] - left;
    const value = line[left] * (1 - share) + line[Math.min(width - 1, left + 1)] * share;
    if (value >= threshold) block[at + (x >> 3)] |= 0x80 >> (x & 7);
  }
}

function chunk(name, data) {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, data.length);
  for (let at = 0; at < 4; at += 1) head.setUint8(4 + at, name.charCodeAt(at));
  const tail = new DataView(new ArrayBuffer(4));
  tail.setUint32(0, crc([new Uint8Array(head.buffer, 4), data]));
  return [head.buffer, data, tail.buffer];
}

const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc(parts) {
  let value = 0xffffffff;
  for (const part of parts) for (const byte of part) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
